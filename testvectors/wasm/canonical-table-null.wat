;; expect: module-not-canonical
;; covers: canonical-27
;; comment: a table initialised with null
;; read: canonical
;; freedom: table-init

(module binary "\00asm" "\01\00\00\00"
  "\04\09\01\40\00\70\00\01\d0\73\0b")
