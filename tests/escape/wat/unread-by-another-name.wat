;; Opens what may only be written, then gives a file of its own, which by text has the same path, a name in
;; a directory that may be read: the descriptor must not follow what it does not stand for.
;; build: --cap fs.write=/w --cap fs.read=/d --cap fs.write=/d
;; run: --dir d::/d --dir w::/w
;; expect: refused 126 capability-denied
(module
  (prelude)
  (data (i32.const 0) "\00\02\00\00\40\00\00\00")
  (data (i32.const 100) "secret")
  (data (i32.const 110) "dir/deep")
  (data (i32.const 120) "dir/deeps")
  (data (i32.const 130) "w")
  (data (i32.const 140) "w/secret")
  (data (i32.const 150) "s/../../w/secret")
  (data (i32.const 170) "moved")
  (func (export "_start")
    ;; /w is descriptor 4, /d is 3. The secret, opened to be made if it is not there.
    (if (call $path_open (i32.const 4) (i32.const 1) (i32.const 100) (i32.const 6)
          (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 200))
      (then unreachable))
    ;; /d/s leads to /d/dir/deep, and /d/w/secret is there.
    (if (call $path_create_directory (i32.const 3) (i32.const 110) (i32.const 8)) (then unreachable))
    (if (call $path_symlink (i32.const 120) (i32.const 8) (i32.const 3) (i32.const 128) (i32.const 1))
      (then unreachable))
    (if (call $path_create_directory (i32.const 3) (i32.const 130) (i32.const 1)) (then unreachable))
    (if (call $path_open (i32.const 3) (i32.const 1) (i32.const 140) (i32.const 8)
          (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 204))
      (then unreachable))
    ;; By text this is /w/secret.
    (if (call $path_rename (i32.const 3) (i32.const 150) (i32.const 16)
          (i32.const 3) (i32.const 170) (i32.const 5))
      (then unreachable))
    (drop (call $fd_read (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
