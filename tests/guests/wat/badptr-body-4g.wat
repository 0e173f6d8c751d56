;; SPDX-License-Identifier: Apache-2.0

;; Sets a response body of 0xffffffff bytes.
(module
  (import "easegress" "host_resp_set_body" (func $host_resp_set_body (param i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\ff\ff\ff\ff")
  (func (export "wasm_run") (result i32)
    (call $host_resp_set_body (i32.const 16))
    (i32.const 0)))
