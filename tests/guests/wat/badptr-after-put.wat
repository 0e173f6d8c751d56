;; SPDX-License-Identifier: Apache-2.0

;; Puts a string, then logs one outside the memory. The run is a transaction:
;; nothing may be stored.
(module
  (import "easegress" "host_cluster_put_string" (func $host_cluster_put_string (param i32 i32)))
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\02\00\00\00k\00")
  (func (export "wasm_run") (result i32)
    (call $host_cluster_put_string (i32.const 16) (i32.const 16))
    (call $host_log (i32.const 1) (i32.const -1))
    (i32.const 0)))
