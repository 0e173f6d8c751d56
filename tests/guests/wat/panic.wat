;; SPDX-License-Identifier: Apache-2.0

;; Ends as a Go program that panics: the reason to standard error, then proc_exit(2).
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 2048) "panic: the stock of laptop-42 is unknown\n\ngoroutine 1 [running]:\n")
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (i32.store (i32.const 16) (i32.const 2048))
    (i32.store (i32.const 20) (i32.const 65))
    (drop (call $fd_write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 32)))
    (call $proc_exit (i32.const 2))
    (i32.const 0)))
