;; expect: accept
;; covers: stack-6
;; comment: a function that calls itself by tail calls alone
;; read: canonical
;; passes: stack

(module (func return_call 0))
