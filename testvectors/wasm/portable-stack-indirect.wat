;; expect: module-not-portable
;; covers: stack-6
;; comment: a function that calls itself through a table
;; read: canonical
;; passes: stack

(module (table 1 1 funcref) (elem (i32.const 0) func 0) (func i32.const 0 call_indirect))
