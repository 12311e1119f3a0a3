;; Reads standard input, the clock and randomness, and answers in one line.

(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))

  ;; 0: address and length of a buffer, 8: bytes done, 16: a number, 64: texts, 256: the answer, 4096: a block of input
  (memory (export "memory") 1)
  (data (i32.const 64) " lines, ")
  (data (i32.const 80) " bytes, at ")
  (data (i32.const 96) ", ticket ")
  (data (i32.const 112) "0123456789abcdef")
  (global $end (mut i32) (i32.const 256))

  (func $need (param $errno i32)
    (if (local.get $errno) (then unreachable)))

  (func $put (param $character i32)
    (i32.store8 (global.get $end) (local.get $character))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  (func $say (param $text i32) (param $length i32)
    (memory.copy (global.get $end) (local.get $text) (local.get $length))
    (global.set $end (i32.add (global.get $end) (local.get $length))))

  (func $decimal (param $number i64)
    (if (i64.gt_u (local.get $number) (i64.const 9))
      (then (call $decimal (i64.div_u (local.get $number) (i64.const 10)))))
    (call $put (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))))))

  (func $hexadecimal (param $number i32)
    (local $digits i32)
    (local.set $digits (i32.const 8))
    (loop $next
      (local.set $number (i32.rotl (local.get $number) (i32.const 4)))
      (call $put (i32.load8_u offset=112 (i32.and (local.get $number) (i32.const 15))))
      (local.tee $digits (i32.sub (local.get $digits) (i32.const 1)))
      (br_if $next)))

  (func (export "_start")
    (local $lines i64) (local $bytes i64) (local $at i32)
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 4096))
    (block $end
      (loop $block
        (call $need (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $at (i32.load (i32.const 8)))
        (br_if $end (i32.eqz (local.get $at)))
        (local.set $bytes (i64.add (local.get $bytes) (i64.extend_i32_u (local.get $at))))
        (loop $next
          (local.set $at (i32.sub (local.get $at) (i32.const 1)))
          (local.set $lines
            (i64.add (local.get $lines)
              (i64.extend_i32_u (i32.eq (i32.load8_u offset=4096 (local.get $at)) (i32.const 10)))))
          (br_if $next (local.get $at)))
        (br $block)))
    (call $decimal (local.get $lines))
    (call $say (i32.const 64) (i32.const 8))
    (call $decimal (local.get $bytes))
    (call $say (i32.const 80) (i32.const 11))
    (call $need (call $clock_time_get (i32.const 0) (i64.const 1000) (i32.const 16)))
    (call $decimal (i64.div_u (i64.load (i32.const 16)) (i64.const 1000000000)))
    (call $say (i32.const 96) (i32.const 9))
    (call $need (call $random_get (i32.const 16) (i32.const 4)))
    (call $hexadecimal (i32.load (i32.const 16)))
    (call $put (i32.const 10))
    (i32.store (i32.const 0) (i32.const 256))
    (i32.store (i32.const 4) (i32.sub (global.get $end) (i32.const 256)))
    (call $need (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
