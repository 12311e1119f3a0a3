;; expect: module-not-canonical
;; covers: canonical-1
;; comment: call 0 in five bytes instead of one, as linkers write for relocation
;; read: canonical

(module binary "\00asm" "\01\00\00\00" 
  "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0a\01\08\00\10\80\80\80\80\00\0b")
