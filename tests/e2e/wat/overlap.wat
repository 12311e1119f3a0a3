;; Answers that overwrite what the host read, and one another: the count goes into the list of
;; buffers, the buffer lies over the list, and a path is overwritten by the answer about it.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $list (param $at i32) (param $to i32) (param $len i32)
    (i32.store (local.get $at) (local.get $to))
    (i32.store offset=4 (local.get $at) (local.get $len)))
  (func (export "_start")
    ;; The count lands in the list's length.
    (call $list (i32.const 0) (i32.const 64) (i32.const 4))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    ;; The bytes land on the list itself.
    (call $list (i32.const 128) (i32.const 126) (i32.const 4))
    (drop (call $read (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 200)))
    ;; The count lands in the bytes that are written.
    (call $list (i32.const 256) (i32.const 300) (i32.const 8))
    (i64.store (i32.const 300) (i64.const 0x6968676665646362))
    (drop (call $write (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 304)))
    ;; Both results at one place.
    (drop (call $sizes (i32.const 400) (i32.const 400)))
    (drop (call $random (i32.const 0) (i32.const 512)))))
