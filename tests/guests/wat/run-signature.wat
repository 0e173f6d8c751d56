;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_run takes an i32 and returns an i64.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (param i32) (result i64) (i64.const 0)))
