;; expect: accept
;; pass: stack
;; covers: stack-2
;; comment: the block around the body has the function's results: none, one, or a type of its own; a branch to the function's label ends the block

(module
  (type $pair (func (result i64 (ref null $pair))))
  (func $none (call $none) (br_if 0 (i32.const 1)))
  (func $one (result v128) (br 0 (call $one)))
  (func $two (param i32) (result i32 f64)
    (br_table 0 0 (call $two (local.get 0)) (local.get 0)))
  (func $again (param i64) (result i32 f64) (call $again (local.get 0)))
  (func $known (type $pair) (call $known)))
