;; expect: accept
;; covers: stack-4
;; comment: the counter is taken where an exception lands
;; read: canonical
;; passes: stack

(module
  (global (mut i32) (i32.const 2097152))
  (global (mut i32) (i32.const 0))
  (export "provenact:stack" (global 0))
  (export "provenact:trap" (global 1))
  (func (local i32)
    global.get 0 local.tee 0 i32.const 40 i32.lt_u
    if i32.const 1 global.set 1 unreachable end
    local.get 0 i32.const 40 i32.sub global.set 0
    block
      block try_table (catch_all 0) call 0 end end
      local.get 0 i32.const 40 i32.sub global.set 0
      call 0
    end
    local.get 0 global.set 0))
