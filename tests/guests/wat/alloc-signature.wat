;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_alloc takes an i64.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i64) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32) (i32.const 0)))
