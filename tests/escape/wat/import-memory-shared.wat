;; Memory that another thread could change between check and use.
;; expect: build refused 2 threads-unsupported
(module
  (import "env" "memory" (memory 1 1 shared))
  (func (export "_start")))
