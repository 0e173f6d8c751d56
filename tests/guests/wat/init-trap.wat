;; SPDX-License-Identifier: Apache-2.0

;; Traps in wasm_init.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_init") (param i32) unreachable)
  (func (export "wasm_run") (result i32) (i32.const 0)))
