;; A hard link from a directory that may only be read into one that may be written.
;; build: --cap fs.read=/a --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d --dir-ro w::/a
;; expect: refused 126 capability-denied
(module
  (prelude)
  (data (i32.const 100) "secret")
  (func (export "_start")
    (call $proc_exit (call $path_link (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 6)
      (i32.const 4) (i32.const 100) (i32.const 6)))))
