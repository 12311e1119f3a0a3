;; expect: module-truncated
;; covers: module-3
;; comment: a type section of four bytes of which three are there

(module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00")
