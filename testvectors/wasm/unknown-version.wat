;; expect: module-malformed
;; covers: module-1
;; comment: a core module of version 2

(module binary "\00asm" "\02\00\00\00")
