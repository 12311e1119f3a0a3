;; expect: accept
;; pass: stack
;; covers: stack-4, stack-8
;; comment: where a catch clause goes on, the counter is set anew: after blocks, at loops, not at the end of the function; who catches what a counted function threw counts too

(module
  (tag $t (param i32))
  (func $down (param i32) (result i32)
    (loop $again
      (block $caught (result i32)
        (try_table (catch $t $caught) (catch_all $again)
          (drop (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (return (i32.const 1)))
      (return))
    (try_table (catch $t 0)
      (throw $t (i32.const 7)))
    (i32.const 2))
  (func (export "run") (result i32)
    (block $h
      (try_table (catch_all $h) (return (call $down (i32.const 3)))))
    (i32.const -1))
  (func (export "alone")
    (block $h (try_table (catch_all $h) (throw $t (i32.const 1))))))
