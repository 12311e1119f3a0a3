;; expect: module-not-canonical
;; covers: canonical-22
;; comment: of two types that a type refers to, the second stands first
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\0f\03\60\00\00\60\00\01\7f\60\02\64\01\64\00\00"
  "\03\02\01\02"
  "\0a\04\01\02\00\0b")
