;; expect: module-truncated
;; covers: module-3
;; comment: cut between the function section and the code section

(module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00")
