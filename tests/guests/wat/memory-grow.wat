;; SPDX-License-Identifier: Apache-2.0

;; Grows its memory until that fails, then returns 1; 2 if it got more than 64 MiB.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (if (result i32) (i32.gt_u (memory.size) (i32.const 1024))
      (then (i32.const 2))
      (else (i32.const 1)))))
