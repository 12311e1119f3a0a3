;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the minimum of a memory in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\05\04\01\00\81\00")
