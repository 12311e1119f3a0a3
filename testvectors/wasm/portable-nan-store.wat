;; expect: module-not-portable
;; covers: nan-1
;; comment: the result of f64.sqrt is stored
;; read: canonical
;; passes: nan

(module (memory 1) (func (param f64) i32.const 0 local.get 0 f64.sqrt f64.store))
