;; expect: module-not-canonical
;; covers: canonical-23
;; comment: a segment of funcref expressions without any
;; read: canonical
;; freedom: element-flags

(module binary "\00asm" "\01\00\00\00"
  "\09\04\01\05\70\00")
