;; expect: accept
;; covers: relaxed-1
;; comment: operators of SIMD that are not relaxed
;; read: canonical
;; passes: relaxed-simd

(module (func (param v128) (result v128) local.get 0 local.get 0 i8x16.swizzle))
