;; SPDX-License-Identifier: Apache-2.0

;; A rule that computes: 200,000 steps that depend on one another, a few tenths of a millisecond.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (local $left i32)
    (local $state i64)
    (local.set $left (i32.const 200000))
    (loop $step
      (local.set $state
        (i64.rotl
          (i64.add (i64.mul (local.get $state) (i64.const 6364136223846793005)) (i64.const 1))
          (i64.const 7)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $step (local.get $left)))
    (i64.store (i32.const 0) (local.get $state))
    (i32.const 0)))
