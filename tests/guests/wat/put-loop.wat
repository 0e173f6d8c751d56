;; SPDX-License-Identifier: Apache-2.0

;; Puts different keys for ever: what a run may buffer has to be limited, by the
;; timeout at least. Nothing may be stored.
(module
  (import "easegress" "host_cluster_put_string" (func $host_cluster_put_string (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\05\00\00\00aaaa\00")
  (func (export "wasm_run") (result i32)
    (loop $more
      (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (i32.const 1)))
      (call $host_cluster_put_string (i32.const 16) (i32.const 16))
      (br $more))
    unreachable))
