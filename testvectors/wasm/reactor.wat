;; expect: accept
;; covers: module-13, module-14, module-17
;; comment: a reactor, entered by name, with an initializer
;; entrypoint: decide

(module
  (func (export "_initialize"))
  (func (export "decide") (result i32) (i32.const 7)))
