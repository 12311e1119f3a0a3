;; expect: module-malformed
;; covers: module-4
;; comment: an import of an exact function type, which WebAssembly 3.0 does not have

(module binary "\00asm" "\01\00\00\00"
  "\01\04\01\60\00\00" "\02\07\01\01m\01f\20\00")
