;; expect: module-not-canonical
;; covers: canonical-2
;; comment: branch hints, whose offsets the canonical form changes
;; read: canonical
;; freedom: custom-sections

(module binary "\00asm" "\01\00\00\00"
  "\00\1b\19\6d\65\74\61\64\61\74\61\2e\63\6f\64\65\2e\62\72\61\6e\63\68\5f\68\69\6e\74\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
