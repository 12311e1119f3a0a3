;; expect: module-not-portable
;; covers: relaxed-1
;; comment: the last operator of relaxed SIMD
;; read: canonical
;; passes: relaxed-simd

(module (func (param v128) (result v128)
  local.get 0 local.get 0 local.get 0 i32x4.relaxed_dot_i8x16_i7x16_add_s))
