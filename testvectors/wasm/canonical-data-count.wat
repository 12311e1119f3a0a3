;; expect: module-not-canonical
;; covers: canonical-26
;; comment: a data count that nothing needs
;; read: canonical
;; freedom: data-count

(module binary "\00asm" "\01\00\00\00"
  "\05\03\01\00\01"
  "\0c\01\01"
  "\0b\07\01\00\41\00\0b\01\78")
