;; SPDX-License-Identifier: Apache-2.0

;; Logs a string which starts inside the memory and ends outside.
(module
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 65520) "\40\00\00\00text")
  (func (export "wasm_run") (result i32)
    (call $host_log (i32.const 1) (i32.const 65520))
    (i32.const 0)))
