;; An exception that nobody catches.
;; expect: refused 134 guest-trapped
(module
  (tag $thrown)
  (func (export "_start") (throw $thrown)))
