;; expect: accept
;; covers: nan-2
;; comment: what is assigned where it cannot be reached does not count
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param f64) (local f64)
    block br 0 local.get 0 f64.sqrt local.set 1 end
    i32.const 0 local.get 1 f64.store))
