;; expect: module-not-canonical
;; covers: canonical-16
;; comment: select of i32, with that type
;; read: canonical
;; freedom: select

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0e\01\0c\00\41\00\41\00\41\00\1c\01\7f\1a\0b")
