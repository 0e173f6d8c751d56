;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_alloc logs a line, calling the host while the host is calling it.
(module
  (import "easegress" "host_req_get_method" (func $host_req_get_method (result i32)))
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\07\00\00\00nested\00")
  (func (export "wasm_alloc") (param i32) (result i32)
    (call $host_log (i32.const 1) (i32.const 16))
    (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (drop (call $host_req_get_method))
    (i32.const 0)))
