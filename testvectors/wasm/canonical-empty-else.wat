;; expect: module-not-canonical
;; covers: canonical-28
;; comment: an else without instructions
;; read: canonical
;; freedom: empty-else

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0a\01\08\00\41\00\04\40\05\0b\0b")
