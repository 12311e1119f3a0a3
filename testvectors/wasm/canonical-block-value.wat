;; expect: module-not-canonical
;; covers: canonical-14
;; comment: a block of one result, by index
;; read: canonical
;; freedom: block-types

(module binary "\00asm" "\01\00\00\00"
  "\01\08\02\60\00\00\60\00\01\7f"
  "\03\02\01\00"
  "\0a\0a\01\08\00\02\01\41\00\0b\1a\0b")
