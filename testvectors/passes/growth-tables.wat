;; expect: accept
;; pass: growth
;; covers: growth-1
;; comment: tables without a maximum get one, also behind an initial value and a long type

(module
  (type $f (func))
  (import "env" "table" (table 1 2 funcref))
  (table 1 funcref)
  (table 7 8 externref)
  (table i64 200 (ref null $f))
  (table 3 (ref $f) (ref.func $g))
  (func $g (type $f))
  (elem (table 1) (i32.const 0) func $g))
