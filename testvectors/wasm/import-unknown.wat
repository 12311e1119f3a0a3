;; expect: import-unknown
;; covers: module-6
;; comment: a function of no known interface

(module
  (import "wbg" "__wbg_log" (func (param i32))) (func (export "_start")))
