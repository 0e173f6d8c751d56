;; SPDX-License-Identifier: Apache-2.0

;; Adds tags of 32 KiB for ever.
(module
  (import "easegress" "host_add_tag" (func $host_add_tag (param i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 2048) "\01\80\00\00")
  (func (export "wasm_run") (result i32)
    (loop $more
      (call $host_add_tag (i32.const 2048))
      (br $more))
    unreachable))
