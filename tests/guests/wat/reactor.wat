;; SPDX-License-Identifier: Apache-2.0

;; Wants _initialize to be called once, before wasm_init and wasm_run: returns 0
;; then, 1 if it was not called, and less if it was called again.
(module
  (global $ready (mut i32) (i32.const 0))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "_initialize") (global.set $ready (i32.add (global.get $ready) (i32.const 1))))
  (func (export "wasm_init") (param i32) (if (i32.ne (global.get $ready) (i32.const 1)) (then unreachable)))
  (func (export "wasm_run") (result i32) (i32.sub (i32.const 1) (global.get $ready))))
