;; A global that says that it is our own instrumentation.
;; expect: build refused 2 module-invalid
(module
  (global (export "provenact:trap") (mut i32) (i32.const 1))
  (func (export "_start") unreachable))
