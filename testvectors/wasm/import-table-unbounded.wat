;; expect: import-unbounded
;; covers: module-9
;; comment: an imported table without a maximum

(module
  (import "env" "table" (table 1 funcref)) (func (export "_start")))
