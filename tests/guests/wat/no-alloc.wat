;; SPDX-License-Identifier: Apache-2.0

;; Exports no wasm_alloc.
(module
  (memory (export "memory") 1)
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32) (i32.const 0)))
