;; SPDX-License-Identifier: Apache-2.0

;; Looks a thousand times whether anything is ready, then sleeps for a millisecond.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  ;; subscription: userdata 0; tag 0 (clock); id 1 (monotonic); timeout in ns; precision 0; flags 0
  (func $wait (param $nanoseconds i64)
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (local.get $nanoseconds))
    (i32.store (i32.const 4096) (i32.const 0))
    (if (call $poll_oneoff (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 4096))
      (then (unreachable)))
    (if (i32.ne (i32.load (i32.const 4096)) (i32.const 1)) (then (unreachable))))
  (func (export "wasm_run") (result i32) (local $i i32)
    (loop $again
      (call $wait (i64.const 0))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (call $wait (i64.const 1000000))
    (i32.const 0)))
