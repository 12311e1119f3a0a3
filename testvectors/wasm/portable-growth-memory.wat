;; expect: module-not-portable
;; covers: growth-1
;; comment: the second of its own memories has no maximum
;; read: canonical
;; passes: growth

(module (memory 1 2) (memory 1))
