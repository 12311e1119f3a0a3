;; One host function twice, under one type: two ways to the same call.
;; expect: exit 6
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $one (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $two (param i32)))
  (func (export "_start") (call $two (i32.const 6)) (call $one (i32.const 5))))
