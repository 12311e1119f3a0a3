;; expect: import-unavailable
;; covers: module-19
;; comment: an imported table whose elements cannot be null

(module
  (import "env" "t" (table 1 1 (ref func))) (func (export "_start")))
