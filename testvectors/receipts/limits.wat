;; expect: reproduced
;; outcome: exited with status 42
;; covers: receipt-17
;; comment: memory and table limits: growth beyond the maximum is −1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 2) (table $t 1 2 funcref)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.grow $t (ref.null func) (i32.const 2)) (i32.const -1)) (then unreachable))
    (call $exit (i32.const 42))))
