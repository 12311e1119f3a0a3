;; expect: module-not-portable
;; covers: nan-1
;; comment: a store of f32 that is mended by the exponent of another type
;; read: canonical
;; passes: nan

(module
  (memory 1)
  (func (param f64 f32 i32) (local f64 f32 i32)
    local.get 2
    local.get 0 f64.sqrt
    local.set 3 local.tee 5 local.get 3 f64.store offset=8
    local.get 5 i32.load offset=12 i32.const 1 i32.shl i32.const 0xffdfffff i32.gt_u
    if
      local.get 5 local.get 3 f64.const nan local.get 3 local.get 3 f64.eq select f64.store offset=8
    end
    local.get 2
    local.get 1 f32.sqrt
    local.set 4 local.tee 5 local.get 4 f32.store
    local.get 5 i32.load i32.const 1 i32.shl i32.const 0xffdfffff i32.gt_u
    if
      local.get 5 local.get 4 f32.const nan local.get 4 local.get 4 f32.eq select f32.store
    end))
