;; Moves the directory that may only be read to the number of the one that may be written.
;; build: --cap fs.read=/a --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d --dir-ro w::/a
;; expect: refused 126 capability-denied
(module
  (prelude)
  (data (i32.const 100) "new")
  (func (export "_start")
    (drop (call $fd_renumber (i32.const 3) (i32.const 4)))
    (call $proc_exit (call $path_open (i32.const 4) (i32.const 1) (i32.const 100) (i32.const 3)
      (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 200)))))
