;; expect: start-imported
;; covers: module-10
;; comment: a start function that is an import

(module
  (import "env" "boot" (func $f))
  (start $f) (func (export "_start")))
