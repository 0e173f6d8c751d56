;; SPDX-License-Identifier: Apache-2.0

;; Reads the body of the response, and leaves it.
(module
  (import "easegress" "host_resp_get_body" (func $host_resp_get_body (result i32)))
  (memory (export "memory") 66)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (drop (call $host_resp_get_body))
    (i32.const 0)))
