;; The entrypoint enters itself through an exported table, without end. No host function calls back, so
;; that this is the only way to enter again.
;; expect: refused 134 guest-trapped
(module
  (table (export "table") 1 1 funcref)
  (elem (i32.const 0) func $entry)
  (func $entry (export "_start") (call_indirect (i32.const 0))))
