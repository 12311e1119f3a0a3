;; expect: entrypoint-missing
;; covers: module-13
;; comment: neither _start nor a name was given

(module (func (export "run")))
