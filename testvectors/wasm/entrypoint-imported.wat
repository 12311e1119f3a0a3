;; expect: entrypoint-imported
;; covers: module-15
;; comment: an entrypoint that is an import

(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $f (result i32)))
  (export "_start" (func $f)))
