;; The start function traps before there is an instance.
;; expect: refused 134 guest-trapped
(module
  (func $start unreachable)
  (func (export "_start"))
  (start $start))
