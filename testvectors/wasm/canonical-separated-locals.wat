;; expect: module-not-canonical
;; covers: canonical-13
;; comment: two groups of one type, and none between them
;; read: canonical
;; freedom: locals

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\0a\0a\01\08\03\01\7f\00\7e\01\7f\0b")
