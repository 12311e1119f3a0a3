;; expect: accept
;; covers: nan-1
;; comment: a canonicalization of two lanes before the vector is stored
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param v128) (local v128)
    i32.const 0
    local.get 0 f64x2.sqrt
    local.tee 1 v128.const f64x2 nan nan local.get 1 local.get 1 f64x2.eq v128.bitselect
    v128.store))
