;; A table with 64-bit indices that nobody can hold.
;; expect: refused 137 interrupted
(module
  (table i64 0xffff_ffff_ffff funcref)
  (func (export "_start")))
