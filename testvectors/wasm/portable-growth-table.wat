;; expect: module-not-portable
;; covers: growth-1
;; comment: a table of its own has no maximum
;; read: canonical
;; passes: growth

(module (table 1 funcref))
