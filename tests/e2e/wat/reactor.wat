;; A reactor: `_initialize` runs first, then the entrypoint, which returns a number.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize")
    (drop (call $random (i32.const 0) (i32.const 8)))
    (global.set $ready (i32.const 1)))
  (func (export "go") (result i32)
    (if (i32.eqz (global.get $ready)) (then unreachable))
    (i32.const 0)))
