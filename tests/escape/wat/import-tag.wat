;; A tag by the name of a host function.
;; expect: build refused 2 import-unknown
(module
  (import "wasi_snapshot_preview1" "fd_write" (tag (param i32)))
  (func (export "_start")))
