;; A host function of another module.
;; expect: build refused 2 import-unknown
(module
  (import "env" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (func (export "_start")))
