;; expect: component-unsupported
;; covers: module-2
;; comment: the header of a component

(module binary "\00asm" "\0d\00\01\00")
