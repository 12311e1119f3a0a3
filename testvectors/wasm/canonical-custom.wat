;; expect: module-not-canonical
;; covers: canonical-2
;; comment: a custom section at the end
;; read: canonical

(module binary "\00asm" "\01\00\00\00" "\00\02\01x")
