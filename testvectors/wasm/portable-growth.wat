;; expect: accept
;; covers: growth-1
;; comment: memories and tables of its own have a maximum; imported ones are not its own
;; read: canonical
;; passes: growth

(module (import "a" "b" (memory 1)) (table 1 1 funcref) (memory 1 2))
