;; SPDX-License-Identifier: Apache-2.0

;; Logs a string with the length field 0x80000000.
(module
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\00\00\00\80text\00")
  (func (export "wasm_run") (result i32)
    (call $host_log (i32.const 1) (i32.const 16))
    (i32.const 0)))
