;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the label of a catch clause in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0b\01\09\00\1f\40\01\02\80\00\0b\0b")
