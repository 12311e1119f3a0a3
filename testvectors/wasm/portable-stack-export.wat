;; expect: module-not-portable
;; covers: stack-5
;; comment: a counted function is exported
;; read: canonical
;; passes: stack

(module
  (global (mut i32) (i32.const 2097152))
  (global (mut i32) (i32.const 0))
  (export "run" (func 1))
  (export "past" (func 0))
  (export "provenact:stack" (global 0))
  (export "provenact:trap" (global 1))
  (func (param i32) (result i32) (local i32)
    global.get 0 local.tee 1 i32.const 40 i32.lt_u
    if i32.const 1 global.set 1 unreachable end
    local.get 1 i32.const 40 i32.sub global.set 0
    block (result i32)
      local.get 0 i32.eqz
      if i32.const 7 local.get 1 global.set 0 return end
      local.get 0 i32.const 1 i32.sub call 0
    end
    local.get 1 global.set 0)
  (func (param i32) (result i32) (local i32)
    global.get 0 local.set 1 i32.const 2097152 global.set 0 i32.const 0 global.set 1
    local.get 0 call 0 local.get 1 global.set 0))
