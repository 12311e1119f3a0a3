;; expect: module-not-canonical
;; covers: canonical-18
;; comment: a final type without supertype, said at length
;; read: canonical
;; freedom: final-types

(module binary "\00asm" "\01\00\00\00"
  "\01\06\01\4f\00\60\00\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
