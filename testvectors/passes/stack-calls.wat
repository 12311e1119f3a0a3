;; expect: accept
;; pass: stack
;; covers: stack-6, stack-11
;; comment: a function whose calls on a circle are likely made less often than it is called counts these instead of itself, and who counts carries it

(module
  (type $step (func (param i32) (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $seldom)
  (func $seldom (export "seldom") (type $step)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (if (result i32) (i32.and (local.get 0) (i32.const 1))
          (then (call $short (local.get 0)))
          (else (call_indirect (type $step) (local.get 0) (i32.const 0)))))))
  (func $short (type $step)
    (call $seldom (local.get 0))))
