;; What is exported as the memory is a table.
;; run: --allow random
;; expect: refused 134 host-fault
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory 1)
  (table (export "memory") 1 funcref)
  (func (export "_start") (drop (call $random (i32.const 0) (i32.const 1)))))
