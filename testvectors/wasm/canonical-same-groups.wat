;; expect: module-not-canonical
;; covers: canonical-20
;; comment: two groups that are the same, each referring to itself
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\1c\03\60\00\00\4e\02\5f\01\63\02\00\5f\01\63\01\00\4e\02\5f\01\63\04\00\5f\01\63\03\00"
  "\03\02\01\00"
  "\06\0d\02\63\01\00\d0\01\0b\63\03\00\d0\03\0b"
  "\0a\04\01\02\00\0b")
