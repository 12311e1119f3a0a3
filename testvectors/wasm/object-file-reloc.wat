;; expect: object-file
;; covers: module-18
;; comment: relocations alone make an object file

(module (func (export "_start")) (@custom "reloc.CODE" "\03\00"))
