;; expect: module-not-portable
;; covers: nan-2
;; comment: a local that the loop assigns, before it does
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param f64) (local f64)
    loop
      i32.const 0 local.get 1 f64.store
      local.get 0 f64.sqrt local.set 1
      i32.const 1 br_if 0
    end))
