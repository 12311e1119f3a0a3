;; expect: module-not-canonical
;; covers: canonical-10
;; comment: a second dylink.0
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\00\0b\08\64\79\6c\69\6e\6b\2e\30\01\00"
  "\00\0b\08\64\79\6c\69\6e\6b\2e\30\02\00")
