;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the size of a function in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\05\01\82\00\00\0b")
