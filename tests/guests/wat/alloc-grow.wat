;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_alloc grows the memory on every call and returns the new page. Checks
;; that the method arrives there: returns 0 if it starts with the length field of
;; a text and is ended by a zero, traps otherwise.
(module
  (import "easegress" "host_req_get_method" (func $host_req_get_method (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32)
    (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (local $p i32)
    (local $n i32)
    (local.set $p (call $host_req_get_method))
    (local.set $n (i32.load (local.get $p)))
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then unreachable))
    (if (i32.load8_u (i32.add (local.get $p) (i32.add (local.get $n) (i32.const 3)))) (then unreachable))
    (i32.const 0)))
