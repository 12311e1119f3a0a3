;; expect: module-not-canonical
;; covers: canonical-15
;; comment: a block names a type within a group
;; read: canonical
;; freedom: block-types

(module binary "\00asm" "\01\00\00\00"
  "\01\0a\01\4e\02\60\00\00\60\01\7f\00"
  "\03\02\01\00"
  "\0a\0a\01\08\00\41\00\02\01\1a\0b\0b")
