;; expect: interrupted
;; outcome: interrupted: the host had no more memory
;; covers: receipt-17
;; comment: growth within the limits that the host refuses
;; shell: ulimit -d 1500000
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\01\00\00\00x")
  (table $t 1 900000000 funcref)
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (loop (drop (table.grow $t (ref.null func) (i32.const 4000000))) (br 0))))
