;; SPDX-License-Identifier: Apache-2.0

;; Never returns.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32) (loop (br 0)) unreachable))
