;; The start function puts the entrypoint into a table and calls it before the host does.
;; expect: exit 2
(module
  (prelude)
  (table (export "table") 2 2 funcref)
  (global $entered (mut i32) (i32.const 0))
  (elem declare func $entry)
  (func $start
    (table.set (i32.const 0) (ref.func $entry))
    (call_indirect (i32.const 0)))
  (func $entry (export "_start")
    (global.set $entered (i32.add (global.get $entered) (i32.const 1)))
    (if (i32.eq (global.get $entered) (i32.const 2)) (then (call $proc_exit (i32.const 2)))))
  (start $start))
