;; expect: module-not-portable
;; covers: stack-6
;; comment: a function that calls itself
;; read: canonical
;; passes: stack

(module (func call 0))
