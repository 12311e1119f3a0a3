;; A 64-bit memory that no machine has.
;; expect: refused 137 interrupted
(module
  (memory (export "memory") i64 0x1_0000_0000)
  (func (export "_start")))
