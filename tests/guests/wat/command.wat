;; SPDX-License-Identifier: Apache-2.0

;; Exports _start and no _initialize; wants _start to be called once.
(module
  (global $ready (mut i32) (i32.const 0))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "_start") (global.set $ready (i32.add (global.get $ready) (i32.const 1))))
  (func (export "wasm_run") (result i32) (i32.sub (i32.const 1) (global.get $ready))))
