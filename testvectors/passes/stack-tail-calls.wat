;; expect: accept
;; pass: stack
;; covers: stack-3, stack-9
;; comment: tail calls alone never nest; on a circle with another call, the counter is given back before each

(module
  (type $f (func (param i32) (result i32)))
  (func $even (export "even") (type $f)
    (if (result i32) (local.get 0)
      (then (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 1))))
  (func $odd (type $f)
    (if (result i32) (local.get 0)
      (then (return_call $even (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 0))))
  (func $deep (export "deep") (type $f)
    (if (local.get 0)
      (then
        (drop (call $deep (i32.sub (local.get 0) (i32.const 1))))
        (return_call_ref $f (local.get 0) (ref.func $odd))))
    (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
  (table 1 1 funcref)
  (elem declare func $odd))
