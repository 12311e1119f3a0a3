;; AssemblyScript's runtime imports: a seed, and a line of trace.
(module
  (import "env" "seed" (func $seed (result f64)))
  (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\04\00\00\00h\00i\00")
  (func (export "_start")
    (f64.store (i32.const 0) (call $seed))
    (if (f64.lt (f64.load (i32.const 0)) (f64.const 1)) (then unreachable))
    (if (f64.ge (f64.load (i32.const 0)) (f64.const 2)) (then unreachable))
    (call $trace (i32.const 20) (i32.const 2) (f64.const 1.5) (f64.const 2) (f64.const 0)
      (f64.const 0) (f64.const 0))))
