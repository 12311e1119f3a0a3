;; All that 32-bit addresses reach, not exported and never touched.
;; expect: exit 0
(module
  (memory 65536)
  (func (export "_start")))
