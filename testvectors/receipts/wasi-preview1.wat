;; expect: reproduced
;; outcome: exited with status 0
;; covers: receipt-17
;; comment: WASI preview 1: arguments, environment, clock, random numbers, standard streams, files read and written
;; build: --cap fs.read=/d --cap fs.write=/d --cap env=LANG
;; run: --allow time,random --dir d::/d --env LANG=C
;; arguments: one two
;; stdin: some input
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "in.txt")
  (data (i32.const 110) "out.txt")
  ;; One buffer of 64 bytes at 1024.
  (data (i32.const 0) "\00\04\00\00\40\00\00\00")
  (func $ok (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
  (func (export "_start")
    (call $ok (call $args_sizes (i32.const 200) (i32.const 204)))
    (call $ok (call $args (i32.const 300) (i32.const 400)))
    (call $ok (call $environ (i32.const 500) (i32.const 600)))
    (call $ok (call $clock (i32.const 0) (i64.const 1) (i32.const 704)))
    (call $ok (call $random (i32.const 800) (i32.const 16)))
    (call $ok (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $ok (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $ok (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 20)))
    (call $ok (call $read (i32.load (i32.const 20)) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $ok (call $close (i32.load (i32.const 20))))
    (call $ok (call $open (i32.const 3) (i32.const 0) (i32.const 110) (i32.const 7) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 20)))
    (call $ok (call $write (i32.load (i32.const 20)) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $ok (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $exit (i32.const 0))))
