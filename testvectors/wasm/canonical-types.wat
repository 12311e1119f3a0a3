;; expect: accept
;; covers: canonical-20, canonical-21, canonical-22, canonical-15, canonical-17, canonical-18
;; comment: groups in order of first use, those that are referred to before
;; read: canonical

(module binary "\00asm" "\01\00\00\00"
  "\01\1c\05\50\00\5f\00\60\01\64\00\00\4e\02\60\01\63\02\00\5e\64\01\00\60\00\00\60\01\7f\00"
  "\03\04\03\01\02\04"
  "\0a\10\03\02\00\0b\02\00\0b\08\00\41\00\02\05\1a\0b\0b")
