;; The start function calls itself for ever.
;; expect: refused 134 guest-trapped
(module
  (func $start (call $start))
  (func (export "_start"))
  (start $start))
