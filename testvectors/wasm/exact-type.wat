;; expect: module-invalid
;; covers: module-4
;; comment: a reference to an exact type, which WebAssembly 3.0 does not have

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00" "\03\02\01\00" "\07\0a\01\06_start\00\00"
  "\0a\08\01\06\01\01\63\62\00\0b")
