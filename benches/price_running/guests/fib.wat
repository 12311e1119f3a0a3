;; Nothing but calls: the worst that can happen to `stack`.
(module
  (func $fib (param $n i32) (result i32)
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then (return (local.get $n))))
    (i32.add
      (call $fib (i32.sub (local.get $n) (i32.const 1)))
      (call $fib (i32.sub (local.get $n) (i32.const 2)))))
  (func (export "run") (param $n i32) (result f64)
    (f64.convert_i32_s (call $fib (local.get $n)))))
