;; expect: memory64-with-wasi
;; covers: module-12
;; comment: WASI with a 64-bit memory

(module
  (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
  (memory (export "memory") i64 1) (func (export "_start")))
