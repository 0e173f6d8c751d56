;; SPDX-License-Identifier: Apache-2.0

;; Exports no wasm_free.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_run") (result i32) (i32.const 0)))
