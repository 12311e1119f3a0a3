;; expect: import-unbounded
;; covers: module-9
;; comment: an imported memory without a maximum

(module
  (import "env" "memory" (memory 1)) (func (export "_start")))
