;; A link that the guest makes itself, up and over into a directory that may only be written.
;; build: --cap fs.write=/a --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d --dir w::/a
;; expect: refused 126 capability-denied
(module
  (prelude)
  (data (i32.const 100) "../w/secretnew")
  (func (export "_start")
    (if (call $path_symlink (i32.const 100) (i32.const 11) (i32.const 4) (i32.const 111) (i32.const 3))
      (then unreachable))
    (call $proc_exit (call $path_open (i32.const 4) (i32.const 1) (i32.const 111) (i32.const 3)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200)))))
