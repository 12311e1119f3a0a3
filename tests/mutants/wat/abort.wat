;; AssemblyScript's abort, after a seed.
(module
  (import "env" "seed" (func $seed (result f64)))
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\04\00\00\00o\00h\00")
  (func (export "_start")
    (f64.store (i32.const 0) (call $seed))
    (call $abort (i32.const 20) (i32.const 20) (i32.const 7) (i32.const 9))))
