;; expect: module-not-canonical
;; covers: canonical-10
;; comment: dylink.0 after another section
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\00\0b\08\64\79\6c\69\6e\6b\2e\30\01\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
