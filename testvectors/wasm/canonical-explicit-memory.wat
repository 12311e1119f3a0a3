;; expect: module-not-canonical
;; covers: canonical-25
;; comment: a data segment that names memory 0 explicitly
;; read: canonical
;; freedom: data-flags

(module binary "\00asm" "\01\00\00\00"
  "\05\03\01\00\01"
  "\0b\08\01\02\00\41\00\0b\01\78")
