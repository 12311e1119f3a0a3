;; expect: module-not-canonical
;; covers: canonical-13
;; comment: two groups of one type
;; read: canonical
;; freedom: locals

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\08\01\06\02\01\7f\01\7f\0b")
