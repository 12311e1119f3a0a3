;; A name that ends at a zero byte for who reads it as C does.
;; expect: build refused 2 import-unknown
(module
  (import "wasi_snapshot_preview1" "fd_write\00" (func (param i32 i32 i32 i32) (result i32)))
  (func (export "_start")))
