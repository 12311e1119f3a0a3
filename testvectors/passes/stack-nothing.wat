;; expect: accept
;; pass: stack
;; covers: stack-9
;; comment: without recursion nothing changes, exceptions and calls by type or not

(module
  (type $f (func))
  (tag $t)
  (table 1 1 funcref)
  (elem (i32.const 0) func $b)
  (func $a (export "a") (type $f)
    (block $h (try_table (catch $t $h) (call $c)))
    (call_indirect (type $f) (i32.const 0)))
  (func $b (type $f) (call $c))
  (func $c (param) (throw $t)))
