;; expect: accept
;; pass: relaxed-simd
;; covers: relaxed-2
;; comment: fresh locals come after the function's own and serve every operator of it; code that cannot be reached is lowered too

(module
  (func (param i32 v128) (result v128) (local i64 i64 v128)
    (f32x4.relaxed_nmadd
      (f64x2.relaxed_madd (local.get 1) (local.get 1) (local.get 4))
      (local.get 4)
      (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 1) (local.get 4) (local.get 1)))
    return
    f64x2.relaxed_nmadd)
  (func (result i32)
    (i32.load offset=33149 (i32.const 253)))
  (memory 1 1))
