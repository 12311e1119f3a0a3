;; expect: reproduced
;; outcome: denied: wasi_snapshot_preview1.clock_time_get needs time=* (rule not-granted)
;; covers: receipt-17
;; comment: a capability that was declared and not granted
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))))
