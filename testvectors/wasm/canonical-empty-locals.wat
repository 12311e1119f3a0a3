;; expect: module-not-canonical
;; covers: canonical-13
;; comment: a group of no locals
;; read: canonical
;; freedom: locals

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\06\01\04\01\00\7f\0b")
