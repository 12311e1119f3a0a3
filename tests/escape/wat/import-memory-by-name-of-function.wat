;; A memory and a function under one name.
;; expect: build refused 2 import-unavailable
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (memory 1 1))
  (func (export "_start") (call $exit (i32.const 3))))
