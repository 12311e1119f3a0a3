;; expect: memory64-with-wasi
;; covers: module-12
;; comment: the memory that WASI looks for is the second one, and 64-bit

(module
  (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
  (memory 1) (memory (export "memory") i64 1) (func (export "_start")))
