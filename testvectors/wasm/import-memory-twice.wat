;; expect: import-unavailable
;; covers: module-19
;; comment: a memory imported twice by one name

(module
  (import "env" "m" (memory 1 1)) (import "env" "m" (memory 1 1)) (func (export "_start")))
