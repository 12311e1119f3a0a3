;; expect: accept
;; covers: module-9
;; comment: an imported memory and table with their own maximum

(module
  (import "env" "memory" (memory 1 2))
  (import "env" "table" (table 1 2 funcref))
  (func (export "_start")))
