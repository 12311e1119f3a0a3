;; expect: module-not-canonical
;; covers: canonical-21
;; comment: a type that nothing uses
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\08\02\60\00\00\60\00\01\7f"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
