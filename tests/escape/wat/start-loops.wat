;; The start function never ends.
;; run: --timeout 0.5
;; expect: refused 137 interrupted
(module
  (func $start (loop (br 0)))
  (func (export "_start"))
  (start $start))
