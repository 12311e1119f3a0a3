;; expect: accept
;; covers: nan-1
;; comment: a canonicalization before the value is stored
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param f64) (local f64)
    i32.const 0
    local.get 0 f64.sqrt
    local.tee 1 local.get 1 f64.ne if f64.const nan local.set 1 end local.get 1
    f64.store))
