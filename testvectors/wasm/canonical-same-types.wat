;; expect: module-not-canonical
;; covers: canonical-20
;; comment: two types that are the same, both used
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\07\02\60\00\00\60\00\00"
  "\03\03\02\00\01"
  "\0a\07\02\02\00\0b\02\00\0b")
