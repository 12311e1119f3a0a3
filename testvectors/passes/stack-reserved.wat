;; expect: module-invalid
;; pass: stack
;; covers: stack-1
;; comment: a module that went through the pass is refused as its input

(module
  (global (mut i32) (i32.const 0))
  (export "provenact:trap" (global 0)))
