;; expect: accept
;; pass: stack
;; covers: stack-6, stack-11
;; comment: a long function with few calls on a circle counts these instead of itself, and who counts carries it

(module
  (type $step (func (param i32) (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $long)
  (func $long (export "long") (type $step)
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (call $short (call_indirect (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
  (func $short (type $step)
    (call $long (local.get 0))))
