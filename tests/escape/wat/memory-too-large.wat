;; More pages than 32-bit addresses reach.
;; expect: build refused 2 module-invalid
(module
  (memory 65537)
  (func (export "_start")))
