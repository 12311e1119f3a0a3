;; expect: module-malformed
;; covers: module-1
;; comment: no bytes at all

(module binary "")
