;; expect: accept
;; pass: stack
;; covers: stack-1, stack-2, stack-3, stack-5
;; comment: a recursive function counts, its export is an entry; who only calls it has an entry too, a leaf has neither

(module
  (func $fib (export "fib") (param i32) (result i32)
    (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
    (i32.add
      (call $fib (i32.sub (local.get 0) (i32.const 1)))
      (call $fib (i32.sub (local.get 0) (i32.const 2)))))
  (func (export "main") (export "_start") (call $leaf) (drop (call $fib (i32.const 10))))
  (func $leaf (export "leaf"))
  (start $leaf))
