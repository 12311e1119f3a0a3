;; The entrypoint is a host function.
;; expect: build refused 2 entrypoint-imported
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (export "_start" (func $yield)))
