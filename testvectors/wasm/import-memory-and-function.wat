;; expect: import-unavailable
;; covers: module-19
;; comment: a memory by the name of an imported function

(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (memory 1 1)) (func (export "_start")))
