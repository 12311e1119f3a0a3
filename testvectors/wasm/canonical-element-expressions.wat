;; expect: module-not-canonical
;; covers: canonical-23
;; comment: ref.func in an expression
;; read: canonical
;; freedom: element-flags

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\04\04\01\70\00\01"
  "\09\09\01\04\41\00\0b\01\d2\00\0b"
  "\0a\04\01\02\00\0b")
