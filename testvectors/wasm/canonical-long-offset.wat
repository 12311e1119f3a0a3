;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the offset of a load in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\0a\0b\01\09\00\41\00\28\02\84\00\1a\0b")
