;; expect: accept
;; covers: module-4, module-6, module-7, module-13, module-14
;; comment: a command that imports WASI and exits

(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "hello\n")
  (func (export "_start") (call $exit (i32.const 3))))
