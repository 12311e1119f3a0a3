;; expect: reproduced
;; outcome: trapped: calls were nested deeper than the module's profile allows
;; covers: receipt-17
;; comment: the logical stack limit, in the start function
;; but: wasmi engine-refused
(module (memory (export "memory") 1)
  (func $f (param i32) (result i32)
    (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $s (drop (call $f (i32.const 0))))
  (start $s)
  (func (export "_start")))
