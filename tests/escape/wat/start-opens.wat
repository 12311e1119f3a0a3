;; The start function looks outside of the granted directory: it is held to the grants as everything else.
;; build: --cap fs.read=/d
;; run: --dir-ro d::/d
;; expect: exit 63
(module
  (prelude)
  (data (i32.const 100) "../canary/secret")
  (func $start
    (call $proc_exit (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 16)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200))))
  (func (export "_start"))
  (start $start))
