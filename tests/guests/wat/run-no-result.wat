;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_run returns nothing.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run")))
