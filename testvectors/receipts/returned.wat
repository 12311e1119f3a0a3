;; expect: reproduced
;; outcome: returned 7
;; covers: receipt-17
;; comment: the entrypoint's result
;; build: --entrypoint go
(module (memory (export "memory") 1)
  (func (export "go") (result i32) (i32.const 7)))
