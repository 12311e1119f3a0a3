;; Holds a directory open, moves it up, and looks above it: what is open leads no further up than before.
;; build: --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d
;; expect: exit 63
(module
  (prelude)
  (data (i32.const 100) "dir")
  (data (i32.const 110) "dir/deep")
  (data (i32.const 120) "moved")
  (data (i32.const 130) "../../canary/secret")
  (func (export "_start")
    (if (call $path_create_directory (i32.const 3) (i32.const 110) (i32.const 8)) (then unreachable))
    (if (call $path_open (i32.const 3) (i32.const 1) (i32.const 110) (i32.const 8)
          (i32.const 2) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 200))
      (then unreachable))
    (if (call $path_rename (i32.const 3) (i32.const 110) (i32.const 8)
          (i32.const 3) (i32.const 120) (i32.const 5))
      (then unreachable))
    (call $proc_exit (call $path_open (i32.load (i32.const 200)) (i32.const 1) (i32.const 130) (i32.const 19)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 204)))))
