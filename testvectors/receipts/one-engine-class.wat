;; expect: reproduced
;; outcome: trapped: a null reference was used
;; covers: receipt-17
;; comment: a module with garbage collection
;; but: wasmi engine-lacks-feature
(module (type $s (struct (field i32))) (memory (export "memory") 1)
  (func (export "_start") (drop (struct.get $s 0 (ref.null $s)))))
