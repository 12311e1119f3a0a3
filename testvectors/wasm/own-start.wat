;; expect: accept
;; covers: module-10
;; comment: a start function of the module's own

(module
  (func $s) (start $s) (func (export "_start")))
