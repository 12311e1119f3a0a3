;; expect: accept
;; covers: module-12
;; comment: 64-bit memory is accepted where no host function has 32-bit pointers

(module
  (memory i64 1) (func (export "_start")))
