;; SPDX-License-Identifier: Apache-2.0

;; Fills 64 KiB of memory for ever: one instruction takes long, none is a call.
(module
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32)
    (loop $more
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))
      (br $more))
    unreachable))
