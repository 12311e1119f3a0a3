;; expect: threads-unsupported
;; covers: module-5
;; comment: an atomic instruction on an unshared memory

(module (memory 1)
  (func (export "_start") (drop (i32.atomic.load (i32.const 0)))))
