;; expect: accept
;; pass: growth
;; covers: growth-1
;; comment: memories without a maximum get one, 32-bit and 64-bit; those that have one keep it

(module
  (import "env" "memory" (memory 1 2))
  (memory 1)
  (memory 1 5)
  (memory i64 3)
  (memory i64 70000)
  (memory i64 70000 70001)
  (data (memory 1) (i32.const 0) "x"))
