;; expect: module-not-canonical
;; covers: canonical-3
;; comment: a vector load that names memory 0 explicitly
;; read: canonical
;; freedom: memory-index

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\0a\0c\01\0a\00\41\00\fd\00\44\00\00\1a\0b")
