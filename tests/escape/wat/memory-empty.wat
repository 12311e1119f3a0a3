;; A memory of no pages.
;; run: --allow random
;; expect: refused 134 host-fault
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 0 0)
  (func (export "_start") (drop (call $random (i32.const 0) (i32.const 1)))))
