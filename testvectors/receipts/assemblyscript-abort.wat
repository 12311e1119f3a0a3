;; expect: reproduced
;; outcome: trapped: the guest called abort
;; covers: receipt-17
;; comment: the interface of AssemblyScript: seed, trace, abort
;; run: --allow random
(module
  (import "env" "seed" (func $seed (result f64)))
  (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64)))
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\0a\00\00\00o\00h\00 \00n\00o\00")
  (data (i32.const 64) "\08\00\00\00a\00.\00t\00s\00")
  (func (export "_start")
    (f64.store (i32.const 0) (call $seed))
    (call $trace (i32.const 20) (i32.const 2) (f64.const 1.5) (f64.const 2) (f64.const 0)
      (f64.const 0) (f64.const 0))
    (call $abort (i32.const 20) (i32.const 68) (i32.const 7) (i32.const 9)) unreachable))
