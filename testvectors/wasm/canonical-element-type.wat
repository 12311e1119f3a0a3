;; expect: module-not-canonical
;; covers: canonical-24
;; comment: an active segment of expressions names table 0 and funcref
;; read: canonical
;; freedom: element-flags

(module binary "\00asm" "\01\00\00\00"
  "\04\04\01\70\00\01"
  "\09\0b\01\06\00\41\00\0b\70\01\d0\70\0b")
