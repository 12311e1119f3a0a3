;; expect: module-not-canonical
;; covers: canonical-22
;; comment: types in another order than that of their first use
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\08\02\60\00\00\60\00\01\7f"
  "\03\03\02\01\00"
  "\0a\09\02\04\00\41\00\0b\02\00\0b")
