;; expect: module-not-canonical
;; covers: canonical-21
;; comment: a group without types
;; read: canonical
;; freedom: types

(module binary "\00asm" "\01\00\00\00"
  "\01\06\02\4e\00\60\00\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
