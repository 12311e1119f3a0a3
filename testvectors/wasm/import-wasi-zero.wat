;; expect: import-unknown
;; covers: module-6
;; comment: WASI preview 0

(module
  (import "wasi_unstable" "proc_exit" (func (param i32))) (func (export "_start")))
