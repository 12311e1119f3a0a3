;; expect: threads-unsupported
;; covers: module-5
;; comment: a shared memory

(module (memory 1 2 shared) (func (export "_start")))
