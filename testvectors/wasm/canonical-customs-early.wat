;; expect: module-not-canonical
;; covers: canonical-11
;; comment: licenses before the type section
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\00\0a\08\6c\69\63\65\6e\73\65\73\78"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
