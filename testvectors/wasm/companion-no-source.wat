;; expect: bundle-malformed
;; covers: canonical-7
;; comment: the source section is missing
;; read: companion

(module binary "\00\61\73\6d\01\00\00\00")
