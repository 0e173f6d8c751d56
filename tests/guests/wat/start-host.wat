;; SPDX-License-Identifier: Apache-2.0

;; Calls the host in its start function, before anything else of it is known.
(module
  (import "easegress" "host_req_get_method" (func $host_req_get_method (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func $start (drop (call $host_req_get_method)))
  (start $start)
  (func (export "wasm_run") (result i32) (i32.const 0)))
