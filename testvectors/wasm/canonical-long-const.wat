;; expect: module-not-canonical
;; covers: canonical-1
;; comment: i32.const -1 in two bytes instead of one
;; read: canonical
;; freedom: leb128

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\08\01\06\00\41\ff\7f\1a\0b")
