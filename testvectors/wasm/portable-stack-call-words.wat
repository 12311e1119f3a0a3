;; expect: module-not-portable
;; covers: stack-11
;; comment: a counted call that counts fewer words than it carries
;; read: canonical
;; passes: stack

(module
  (global (mut i32) (i32.const 2097152))
  (global (mut i32) (i32.const 0))
  (export "run" (func 1))
  (export "provenact:stack" (global 0))
  (export "provenact:trap" (global 1))
  (func (param i32) (result i32)
    local.get 0 i32.eqz
    if i32.const 7 return end
    local.get 0 i32.const 1 i32.sub
    global.get 0 i32.const 15 i32.lt_u
    if i32.const 1 global.set 1 unreachable end
    global.get 0 i32.const 15 i32.sub global.set 0
    call 0
    global.get 0 i32.const 15 i32.add global.set 0)
  (func (param i32) (result i32) (local i32)
    global.get 0 local.set 1 i32.const 2097152 global.set 0 i32.const 0 global.set 1
    local.get 0 call 0 local.get 1 global.set 0))
