;; An array that takes all of a heap: how large an object may be is the engine's choice, so that nothing follows.
;; expect: refused 137 interrupted
(module
  (type $bytes (array (mut i64)))
  (func (export "_start") (drop (array.new_default $bytes (i32.const -1)))))
