;; expect: module-not-canonical
;; covers: canonical-1
;; comment: the size of a section in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\84\00\01\60\00\00"
  "\03\02\01\00"
  "\07\0a\01\06\5f\73\74\61\72\74\00\00"
  "\0a\04\01\02\00\0b")
