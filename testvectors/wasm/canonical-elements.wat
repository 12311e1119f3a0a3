;; expect: accept
;; covers: canonical-23, canonical-24
;; comment: segments that need their flags
;; read: canonical

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\04\07\02\70\00\01\70\00\01"
  "\09\2b\06\00\41\00\0b\01\00\02\01\41\00\0b\00\01\00\04\41\00\0b\01\d0\70\0b\06\01\41\00\0b\70\01\d0\70\0b\05\64\00\01\d2\00\0b\07\6f\00"
  "\0a\04\01\02\00\0b")
