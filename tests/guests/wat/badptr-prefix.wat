;; SPDX-License-Identifier: Apache-2.0

;; Logs a string whose length field straddles the end of the memory.
(module
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (call $host_log (i32.const 1) (i32.const 65534))
    (i32.const 0)))
