;; expect: accept
;; pass: stack
;; covers: stack-2, stack-6
;; comment: on a circle the largest function that closes it counts, and carries the words of the others; one on two circles spares both

(module
  (func $walk (export "walk") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (i32.add
      (call $left (i32.sub (local.get 0) (i32.const 1)))
      (call $right (i32.sub (local.get 0) (i32.const 1)))))
  (func $left (param i32) (result i32) (call $walk (local.get 0)))
  (func $right (param i32) (result i32) (call $through (local.get 0)))
  (func $through (param i32) (result i32) (call $walk (local.get 0))))
