;; As many elements as a table may have, and growth beyond.
;; expect: exit 0
(module
  (table 10000000 funcref)
  (func (export "_start")
    (if (i32.ne (table.grow (ref.null func) (i32.const -1)) (i32.const -1)) (then unreachable))))
