;; expect: module-invalid
;; covers: canonical-6
;; comment: canonical encoding of an invalid module
;; read: canonical

(module binary "\00asm" "\01\00\00\00" 
  "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\1a\0b")
