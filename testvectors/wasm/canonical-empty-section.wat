;; expect: module-not-canonical
;; covers: canonical-12
;; comment: a global section without globals
;; read: canonical
;; freedom: empty-sections

(module binary "\00asm" "\01\00\00\00"
  "\06\01\00")
