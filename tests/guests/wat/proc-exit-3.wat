;; SPDX-License-Identifier: Apache-2.0

;; Calls proc_exit(3): the instance is of no use afterwards.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (call $proc_exit (i32.const 3))
    (i32.const 0)))
