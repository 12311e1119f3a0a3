;; The start function asks what time it is, and nobody granted that.
;; expect: refused 126 capability-denied
(module
  (prelude)
  (func $start (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0))))
  (func (export "_start"))
  (start $start))
