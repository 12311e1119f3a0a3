;; The start function grows the memory up to its maximum and once more: the last one is refused.
;; expect: exit 4
(module
  (prelude)
  (memory $own 1 4)
  (func $start
    (drop (memory.grow $own (i32.const 3)))
    (if (i32.ne (memory.grow $own (i32.const 1)) (i32.const -1)) (then unreachable))
    (call $proc_exit (memory.size $own)))
  (func (export "_start"))
  (start $start))
