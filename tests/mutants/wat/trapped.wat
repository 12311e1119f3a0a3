;; Reads numbers from standard input and divides by the second.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\40\00\00\00\10\00\00\00")
  (global $quotient (export "quotient") (mut i32) (i32.const -1))
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (global.set $quotient (i32.div_u (i32.load8_u (i32.const 64))
      (i32.sub (i32.load8_u (i32.const 65)) (i32.const 48))))))
