;; SPDX-License-Identifier: Apache-2.0

;; Calls a host function for ever.
(module
  (import "easegress" "host_rand" (func $host_rand (result f64)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32) (loop (drop (call $host_rand)) (br 0)) unreachable))
