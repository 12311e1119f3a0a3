;; expect: module-invalid
;; covers: module-4
;; comment: the exception handling of before WebAssembly 3.0

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00" "\03\02\01\00" "\07\0a\01\06_start\00\00"
  "\0a\08\01\06\00\06\40\19\0b\0b")
