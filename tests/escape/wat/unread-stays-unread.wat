;; Opens what may only be written without asking for any right, and reads from it.
;; build: --cap fs.write=/a --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d --dir w::/a
;; expect: refused 126 capability-denied
(module
  (prelude)
  (data (i32.const 0) "\00\02\00\00\40\00\00\00")
  (data (i32.const 100) "secret")
  (func (export "_start")
    (if (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 6)
          (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 200))
      (then unreachable))
    (drop (call $fd_read (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
