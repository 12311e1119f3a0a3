;; Reads what it may, then opens a file for writing that was granted for reading only.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "one.txt")
  (data (i32.const 16) "\00\04\00\00\40\00\00\00")
  (func $file (param $oflags i32) (param $rights i64)
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 7) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0))))
  (func (export "_start")
    (call $file (i32.const 0) (i64.const 2))
    (drop (call $read (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $file (i32.const 9) (i64.const 64))))
