;; SPDX-License-Identifier: Apache-2.0

;; Asks for a header; its wasm_alloc wipes the argument out, which the host must
;; have read by then. Returns 0 if the value of X-Name came, 1 if it is empty.
(module
  (import "easegress" "host_req_get_header" (func $host_req_get_header (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32)
    (i64.store (i32.const 16) (i64.const -1))
    (i64.store (i32.const 24) (i64.const -1))
    (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    ;; "x-name"
    (i64.store (i32.const 16) (i64.const 0x616e2d7800000007))
    (i64.store (i32.const 24) (i64.const 0x656d))
    (i32.eq (i32.load (call $host_req_get_header (i32.const 16))) (i32.const 1))))
