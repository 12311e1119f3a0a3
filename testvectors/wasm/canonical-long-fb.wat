;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the number of ref.i31 in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0a\01\08\00\41\00\fb\9c\00\1a\0b")
