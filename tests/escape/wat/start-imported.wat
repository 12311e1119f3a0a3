;; The start function is a host function.
;; expect: build refused 2 start-imported
(module
  (import "wasi_snapshot_preview1" "nothing" (func $nothing))
  (func (export "_start"))
  (start $nothing))
