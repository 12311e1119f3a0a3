;; Closes everything that is open, then opens by the numbers of before.
;; build: --cap fs.read=/d
;; run: --dir-ro d::/d
;; expect: exit 8
(module
  (prelude)
  (data (i32.const 100) "file")
  (func (export "_start") (local $fd i32)
    (loop $next
      (drop (call $fd_close (local.get $fd)))
      (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $fd) (i32.const 100))))
    (call $proc_exit (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 4)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200)))))
