;; A host function in a table, called as another type.
;; expect: refused 134 guest-trapped
(module
  (prelude)
  (table (export "table") 1 1 funcref)
  (elem (i32.const 0) func $proc_exit)
  (func (export "_start") (drop (call_indirect (result i32) (i32.const 0)))))
