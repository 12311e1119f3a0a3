;; One host function twice, under two types.
;; expect: build refused 2 import-mismatch
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $one (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $two (param i64)))
  (func (export "_start") (call $one (i32.const 5))))
