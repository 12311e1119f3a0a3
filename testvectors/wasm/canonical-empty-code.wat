;; expect: module-not-canonical
;; covers: canonical-12
;; comment: a code section without functions
;; read: canonical
;; freedom: empty-sections

(module binary "\00asm" "\01\00\00\00"
  "\0a\01\00")
