;; expect: module-not-canonical
;; covers: canonical-24
;; comment: an active segment names table 0
;; read: canonical
;; freedom: element-flags

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\04\04\01\70\00\01"
  "\09\09\01\02\00\41\00\0b\00\01\00"
  "\0a\04\01\02\00\0b")
