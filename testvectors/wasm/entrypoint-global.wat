;; expect: entrypoint-missing
;; covers: module-13
;; comment: the entrypoint is a global
;; entrypoint: run

(module (global (export "run") i32 (i32.const 1)))
