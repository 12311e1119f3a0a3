;; expect: accept
;; covers: module-6
;; comment: the runtime imports of AssemblyScript

(module
  (import "env" "abort" (func (param i32 i32 i32 i32)))
  (import "env" "seed" (func (result f64)))
  (memory (export "memory") 1)
  (func (export "_start")))
