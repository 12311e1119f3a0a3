;; expect: accept
;; pass: relaxed-simd
;; covers: relaxed-2
;; comment: every relaxed operator once; only operands below the top of the stack need locals

(module
  (func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f32x4.relaxed_nmadd (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f64x2.relaxed_nmadd (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i8x16.relaxed_laneselect (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i16x8.relaxed_laneselect (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i32x4.relaxed_laneselect (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i64x2.relaxed_laneselect (local.get 0) (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f32x4.relaxed_min (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f32x4.relaxed_max (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f64x2.relaxed_min (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (f64x2.relaxed_max (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 0)))
  (func (param v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 0)))
  (func (param v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 0) (local.get 0))))
