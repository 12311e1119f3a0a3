;; expect: accept
;; pass: stack
;; covers: stack-5, stack-9
;; comment: references name the function itself; one that only its export had declared is declared in a segment

(module
  (type $f (func))
  (func $a (export "a") (type $f) (call_ref $f (ref.func $a)))
  (func $b (export "b") (type $f) (call_ref $f (global.get $g)))
  (global $g (ref $f) (ref.func $b)))
