;; expect: object-file
;; covers: module-18
;; comment: an object file: a section `linking`, as compilers leave it to linkers

(module (@custom "linking" "\02") (func (export "_start")))
