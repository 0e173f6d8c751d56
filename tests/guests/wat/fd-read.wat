;; SPDX-License-Identifier: Apache-2.0

;; Reads from standard input, which is empty and never waits. Returns 0 for end of
;; file, 1 for an error, 2 if there was something.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (i32.store (i32.const 2048) (i32.const 64))
    (i32.store (i32.const 2052) (i32.const 16))
    (if (call $fd_read (i32.const 0) (i32.const 2048) (i32.const 1) (i32.const 2056)) (then (return (i32.const 1))))
    (if (i32.load (i32.const 2056)) (then (return (i32.const 2))))
    (i32.const 0)))
