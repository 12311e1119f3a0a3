;; expect: reproduced
;; outcome: host fault: the host could not use an argument of wasi_snapshot_preview1.random_get
;; covers: receipt-17
;; comment: a pointer outside memory
;; run: --allow random
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (drop (call $random (i32.const 65530) (i32.const 100)))))
