;; More elements than any machine holds, as the module wishes: that is no end of its own making.
;; expect: refused 137 interrupted
(module
  (table 4294967295 funcref)
  (func (export "_start")))
