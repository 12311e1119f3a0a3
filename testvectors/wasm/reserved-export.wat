;; expect: module-invalid
;; covers: module-11
;; comment: an export under a reserved name

(module
  (global (export "provenact:stack") i32 (i32.const 0)) (func (export "_start")))
