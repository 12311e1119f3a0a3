;; An imported memory of 4 GiB: it is the module's own wish, and takes nothing before it is touched.
;; expect: exit 5
(module
  (import "env" "memory" (memory 65536 65536))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_start") (call $exit (i32.const 5))))
