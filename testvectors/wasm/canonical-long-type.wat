;; expect: module-not-canonical
;; covers: canonical-1
;; comment: a type index in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\03\01\80\00"
  "\0a\04\01\02\00\0b")
