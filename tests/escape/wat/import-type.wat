;; A host function under another type.
;; expect: build refused 2 import-mismatch
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i64 i32 i32) (result i32)))
  (func (export "_start")))
