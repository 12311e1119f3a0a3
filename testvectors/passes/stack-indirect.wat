;; expect: accept
;; pass: stack
;; covers: stack-6
;; comment: a call by type reaches referenced functions of that type and of its subtypes, and no others

(module
  (type $super (sub (func (param i32))))
  (type $sub (sub final $super (func (param i32))))
  (type $other (func (param i64)))
  (table 3 3 funcref)
  (elem (i32.const 0) func $a $b)
  (func $a (type $sub) (call_indirect (type $super) (local.get 0) (i32.const 1)))
  (func $b (type $super) (call_indirect (type $other) (i64.const 0) (i32.const 2)))
  (func $c (type $other) (call $a (i32.const 0))))
