;; expect: import-unknown
;; covers: module-8
;; comment: an imported global

(module
  (import "env" "__stack_pointer" (global (mut i32))) (func (export "_start")))
