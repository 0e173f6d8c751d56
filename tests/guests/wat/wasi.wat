;; SPDX-License-Identifier: Apache-2.0

;; Uses WASI as language runtimes do: returns 0 if fd_write, clock_time_get and
;; random_get succeed and there are no arguments, no environment and no directory,
;; 1 to 5 for the first which is otherwise.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 64) "hello from the guest\0a")
  (func (export "wasm_run") (result i32)
    (i32.store (i32.const 2048) (i32.const 64))
    (i32.store (i32.const 2052) (i32.const 21))
    (if (call $fd_write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 2056)) (then (return (i32.const 1))))
    (if (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 2064)) (then (return (i32.const 2))))
    (if (i64.eqz (i64.load (i32.const 2064))) (then (return (i32.const 2))))
    (if (call $random_get (i32.const 2080) (i32.const 16)) (then (return (i32.const 3))))
    (if (call $environ_sizes_get (i32.const 2096) (i32.const 2100)) (then (return (i32.const 4))))
    (if (i32.load (i32.const 2096)) (then (return (i32.const 4))))
    (if (i32.eqz (call $fd_prestat_get (i32.const 3) (i32.const 2104))) (then (return (i32.const 5))))
    (i32.const 0)))
