;; SPDX-License-Identifier: Apache-2.0

;; Sleeps for ten seconds with poll_oneoff.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  ;; subscription: userdata 0; tag 0 (clock); id 1 (monotonic); timeout in ns; precision 0; flags 0
  (func (export "wasm_run") (result i32)
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 10000000000))
    (drop (call $poll_oneoff (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 4096)))
    (i32.const 0)))
