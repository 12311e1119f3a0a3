;; expect: reproduced
;; outcome: exited with status 200, above 125
;; covers: receipt-17
;; comment: proc_exit above 125
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 200))))
