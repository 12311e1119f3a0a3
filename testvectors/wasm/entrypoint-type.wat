;; expect: entrypoint-type
;; covers: module-14
;; comment: an entrypoint with a parameter
;; entrypoint: run

(module (func (export "run") (param i32)))
