;; 64-bit addresses under 32-bit pointers.
;; expect: build refused 2 memory64-with-wasi
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") i64 1)
  (func (export "_start") (drop (call $random (i32.const 0) (i32.const 8)))))
