;; expect: accept
;; pass: nan
;; covers: nan-1
;; comment: in a loop a store is mended; outside of one, into a memory that is imported, or through local.tee, the value is canonicalized before

(module
  (import "m" "m" (memory 1))
  (memory $own 1)
  (memory $wide i64 1)
  (func (param i32 f32 f64 i64)
    (f64.store $own (local.get 0) (f64.sqrt (local.get 2)))
    (loop $more
      (f64.store $own offset=8 (local.get 0) (f64.sqrt (local.get 2)))
      (f64.store $own offset=16 align=2 (local.get 0) (f64.add (local.get 2) (local.get 2)))
      (f32.store $own (local.get 0) (f32.div (local.get 1) (local.get 1)))
      (f64.store $wide (local.get 3) (f64.floor (local.get 2)))
      (f64.store 0 (local.get 0) (f64.sqrt (local.get 2)))
      (f64.store $own (local.get 0) (local.tee 2 (f64.sqrt (local.get 2))))
      (br_if $more (local.get 0)))))
