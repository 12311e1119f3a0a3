;; expect: entrypoint-type
;; covers: module-17
;; comment: an initializer with a result
;; entrypoint: run

(module
  (func (export "_initialize") (result i32) (i32.const 0)) (func (export "run")))
