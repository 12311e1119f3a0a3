;; A memory imported twice under one name: whether they are one and the same decides what a guest computes.
;; expect: build refused 2 import-unavailable
(module
  (import "env" "memory" (memory $one 1 1))
  (import "env" "memory" (memory $two 1 1))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_start")
    (i32.store $one (i32.const 0) (i32.const 9))
    (call $exit (i32.load $two (i32.const 0)))))
