;; expect: import-unknown
;; covers: module-8
;; comment: an imported tag

(module
  (import "env" "__cpp_exception" (tag (param i32))) (func (export "_start")))
