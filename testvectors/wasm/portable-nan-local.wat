;; expect: accept
;; covers: nan-2
;; comment: a local that is assigned again before it is stored, in a loop
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param f64) (local f64)
    loop
      local.get 0 f64.sqrt local.set 1
      f64.const 1 local.set 1
      i32.const 0 local.get 1 f64.store
      i32.const 1 br_if 0
    end))
