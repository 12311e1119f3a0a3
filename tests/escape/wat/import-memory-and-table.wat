;; A memory and a table under one name.
;; expect: build refused 2 import-unavailable
(module
  (import "env" "x" (memory 1 1))
  (import "env" "x" (table 1 1 funcref))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_start") (call $exit (i32.const 3))))
