;; An imported memory with a maximum, a second memory of its own, and one exported under two names;
;; WASI sees the one that is called "memory".
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "env" "memory" (memory $first 1 2))
  (memory $second 1)
  (export "memory" (memory $first))
  (export "other" (memory $second))
  (export "again" (memory $second))
  (global (export "counter") (mut i64) (i64.const -1))
  (data (memory $first) (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (memory $first) (i32.const 16) "hello\0a")
  (data (memory $second) (i32.const 16) "wrong\0a")
  (func (export "_start")
    (drop (memory.grow $first (i32.const 1)))
    (drop (memory.grow $first (i32.const 1)))
    (i64.store $second (i32.const 0) (i64.const 7))
    (global.set 0 (i64.const 0x7ff8000000000001))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))
