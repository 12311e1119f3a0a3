;; The frame of the modules of modules.rs, which differ in the calls of the entrypoint.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "hello, world\n")
  (func $clock (param $id i32)
    (drop (call $clock_time_get (local.get $id) (i64.const 1) (i32.const 8))))
  (func $random (drop (call $random_get (i32.const 32) (i32.const 16))))
  (func $say (param $from i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24))))
  (func (export "_start") BODY
    ;; So that every module imports the same.
    (if (i32.eq (i32.load (i32.const 60000)) (i32.const 1))
      (then (call $clock (i32.const 0)) (call $random) (call $say (i32.const 0) (i32.const 0))
        (call $exit (i32.const 0))))))
