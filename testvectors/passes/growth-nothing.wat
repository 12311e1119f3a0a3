;; expect: accept
;; pass: growth
;; covers: growth-1
;; comment: a module in which everything has a maximum stays as it is

(module
  (memory 1 1)
  (table 0 0 funcref))
