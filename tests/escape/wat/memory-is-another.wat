;; The memory that host functions go by is not the one of index 0: the other one stays as it is.
;; run: --allow random
;; expect: exit 0
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory $first 1)
  (memory $second (export "memory") 1)
  (func (export "_start")
    (drop (call $random (i32.const 0) (i32.const 8)))
    (call $exit (i32.load $first (i32.const 0)))))
