;; The same as C compilers make it: the second call has become a loop.
(module
  (func $fib (param $n i32) (result i32) (local $sum i32)
    (block $small
      (br_if $small (i32.lt_s (local.get $n) (i32.const 2)))
      (loop $next
        (local.set $sum (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (local.get $sum)))
        (br_if $next (i32.gt_s
          (local.tee $n (i32.sub (local.get $n) (i32.const 2)))
          (i32.const 1)))))
    (i32.add (local.get $n) (local.get $sum)))
  (func (export "run") (param $n i32) (result f64)
    (f64.convert_i32_s (call $fib (local.get $n)))))
