;; A 64-bit memory of a module that calls nobody, read past its end.
;; expect: refused 134 guest-trapped
(module
  (memory (export "memory") i64 1 1)
  (func (export "_start") (drop (i32.load (i64.const 0xffff_ffff_ffff_fffe)))))
