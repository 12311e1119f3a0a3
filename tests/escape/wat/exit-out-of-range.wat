;; Exits with the status of our own refusal.
;; expect: refused 134 exit-out-of-range
(module
  (prelude)
  (func (export "_start") (call $proc_exit (i32.const 126))))
