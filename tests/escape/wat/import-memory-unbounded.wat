;; A memory of the host's choice.
;; expect: build refused 2 import-unbounded
(module
  (import "env" "memory" (memory 1))
  (func (export "_start")))
