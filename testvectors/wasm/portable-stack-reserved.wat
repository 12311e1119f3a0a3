;; expect: module-invalid
;; covers: stack-1, module-11
;; comment: the names of the counter where the profile does not have the pass
;; read: canonical
;; passes: growth

(module
  (global (mut i32) (i32.const 2097152))
  (global (mut i32) (i32.const 0))
  (export "provenact:stack" (global 0))
  (export "provenact:trap" (global 1)))
