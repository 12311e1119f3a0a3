;; expect: module-not-canonical
;; covers: canonical-14
;; comment: a block of no type, by index
;; read: canonical
;; freedom: block-types

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\07\01\05\00\02\00\0b\0b")
