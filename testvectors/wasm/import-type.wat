;; expect: import-mismatch
;; covers: module-7
;; comment: a clock with a 32-bit precision

(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i32 i32) (result i32)))
  (func (export "_start")))
