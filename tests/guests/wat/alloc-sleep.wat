;; SPDX-License-Identifier: Apache-2.0

;; Its wasm_alloc sleeps for ten seconds, while the host is calling it.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "easegress" "host_req_get_method" (func $host_req_get_method (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32)
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 10000000000))
    (drop (call $poll_oneoff (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 4096)))
    (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (drop (call $host_req_get_method))
    (i32.const 0)))
