;; expect: accept
;; covers: module-13
;; comment: a module without imports

(module (func (export "_start")))
