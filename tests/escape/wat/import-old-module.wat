;; A host function of the version of WASI before: one that has other layouts under the same names.
;; expect: build refused 2 import-unknown
(module
  (import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (func (export "_start")))
