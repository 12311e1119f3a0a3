;; expect: module-not-canonical
;; covers: canonical-11
;; comment: licenses before authors
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\00\0a\08\6c\69\63\65\6e\73\65\73\78"
  "\00\09\07\61\75\74\68\6f\72\73\78")
