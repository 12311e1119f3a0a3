;; A host function in a table, called as what it is: an exit from the depth of a call.
;; expect: exit 7
(module
  (prelude)
  (table (export "table") 1 1 funcref)
  (type $exit (func (param i32)))
  (elem (i32.const 0) func $proc_exit)
  (func (export "_start") (call_indirect (type $exit) (i32.const 7) (i32.const 0))))
