;; expect: module-truncated
;; covers: module-3
;; comment: five of the eight bytes of the header

(module binary "\00asm\01")
