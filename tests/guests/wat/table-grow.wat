;; SPDX-License-Identifier: Apache-2.0

;; Grows its table without end: 64 Mi entries or failure, then returns 1 or 2.
(module
  (table $t 1 funcref)
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (loop $more
      (if (i32.gt_u (table.size $t) (i32.const 0x4000000)) (then (return (i32.const 2))))
      (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 0x10000)) (i32.const -1))))
    (i32.const 1)))
