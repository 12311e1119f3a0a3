;; expect: module-not-canonical
;; covers: canonical-19
;; comment: (ref null func) in two bytes
;; read: canonical
;; freedom: ref-types

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\06\07\01\63\70\00\d0\70\0b"
  "\0a\04\01\02\00\0b")
