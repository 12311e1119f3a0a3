;; expect: module-malformed
;; covers: module-1
;; comment: bytes of something else

(module binary "\7fELF\02\01\01\00")
