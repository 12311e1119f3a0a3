;; expect: module-not-portable
;; covers: relaxed-1
;; comment: the first operator of relaxed SIMD, where it cannot be reached
;; read: canonical
;; passes: relaxed-simd

(module (func (param v128) (result v128) unreachable i8x16.relaxed_swizzle))
