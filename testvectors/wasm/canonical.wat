;; expect: accept
;; covers: canonical-1, canonical-2, canonical-3
;; comment: shortest integers, no custom section
;; read: canonical

(module binary "\00asm" "\01\00\00\00" 
  "\01\04\01\60\00\00" "\03\02\01\00" "\07\0a\01\06_start\00\00" "\0a\04\01\02\00\0b")
