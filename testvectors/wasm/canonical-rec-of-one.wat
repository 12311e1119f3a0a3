;; expect: module-not-canonical
;; covers: canonical-17
;; comment: a group around one type
;; read: canonical
;; freedom: rec-groups

(module binary "\00asm" "\01\00\00\00"
  "\01\06\01\4e\01\60\00\00"
  "\03\02\01\00"
  "\0a\04\01\02\00\0b")
