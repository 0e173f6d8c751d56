;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_alloc returns an address behind the memory.
(module
  (import "easegress" "host_req_get_method" (func $host_req_get_method (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 0x10000))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (drop (call $host_req_get_method))
    (i32.const 0)))
