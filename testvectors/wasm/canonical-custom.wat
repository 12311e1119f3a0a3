;; expect: module-not-canonical
;; covers: canonical-2
;; comment: a custom section that is not kept
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\00\02\01\78")
