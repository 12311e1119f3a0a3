;; The demo's skill: reads a request, the clock and a random number, and prints a decision.
;;
;; /data/request.txt holds an amount in decimal digits. Up to 500 it is approved, above it goes to
;; review. decide.wasm beside this file is what `wasm-tools parse decide.wat -o decide.wasm` gives;
;; a test compares the two.
(module $decide
  (type $open (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (type $open)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get"
    (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  (memory (export "memory") 1)
  ;; 0: descriptor or count, 8: time, 16: random, 24: (address, length), 64: file, 256: output
  (data (i32.const 128) "request.txt")
  (data (i32.const 144) "decision: ")
  (data (i32.const 160) "approve")
  (data (i32.const 168) "review ")
  (data (i32.const 176) ", amount ")
  (data (i32.const 192) ", ticket ")
  (data (i32.const 208) ", at ")

  (global $end (mut i32) (i32.const 256))

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 1)))))

  (func $put_text (param $from i32) (param $len i32)
    (memory.copy (global.get $end) (local.get $from) (local.get $len))
    (global.set $end (i32.add (global.get $end) (local.get $len))))

  (func $put_byte (param $byte i32)
    (i32.store8 (global.get $end) (local.get $byte))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  (func $put_number (param $n i64)
    (if (i64.ge_u (local.get $n) (i64.const 10))
      (then (call $put_number (i64.div_u (local.get $n) (i64.const 10)))))
    (call $put_byte
      (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10))))))

  (func $read_amount (result i64)
    (local $at i32) (local $end i32) (local $digit i32) (local $amount i64)
    (call $check (call $path_open
      (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 11) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
    (i32.store (i32.const 24) (i32.const 64))
    (i32.store (i32.const 28) (i32.const 32))
    (call $check (call $fd_read (i32.load (i32.const 0)) (i32.const 24) (i32.const 1) (i32.const 0)))
    (local.set $at (i32.const 64))
    (local.set $end (i32.add (i32.const 64) (i32.load (i32.const 0))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $amount (i64.add
          (i64.mul (local.get $amount) (i64.const 10))
          (i64.extend_i32_u (local.get $digit))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $amount))

  (func $now (result i64)
    (call $check (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 8)))
    (i64.div_u (i64.load (i32.const 8)) (i64.const 1000000000)))

  (func $ticket (result i64)
    (call $check (call $random_get (i32.const 16) (i32.const 4)))
    (i64.load32_u (i32.const 16)))

  (func $print_decision
    (i32.store (i32.const 24) (i32.const 256))
    (i32.store (i32.const 28) (i32.sub (global.get $end) (i32.const 256)))
    (call $check (call $fd_write (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 0))))

  (func $decide
    (local $amount i64)
    (local.set $amount (call $read_amount))
    (call $put_text (i32.const 144) (i32.const 10))
    (call $put_text
      (select (i32.const 160) (i32.const 168) (i64.le_u (local.get $amount) (i64.const 500)))
      (i32.const 7))
    (call $put_text (i32.const 176) (i32.const 9))
    (call $put_number (local.get $amount))
    (call $put_text (i32.const 192) (i32.const 9))
    (call $put_number (call $ticket))
    (call $put_text (i32.const 208) (i32.const 5))
    (call $put_number (call $now))
    (call $put_byte (i32.const 10))
    (call $print_decision))

  (func $_start (export "_start") (call $decide)))
