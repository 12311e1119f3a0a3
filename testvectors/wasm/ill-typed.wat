;; expect: module-invalid
;; covers: module-4
;; comment: a function that leaves a value too many

(module (func (export "_start") (i32.const 1)))
