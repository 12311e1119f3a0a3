;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the number of i32.trunc_sat_f32_s in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0d\01\0b\00\43\00\00\00\00\fc\80\00\1a\0b")
