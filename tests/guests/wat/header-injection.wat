;; SPDX-License-Identifier: Apache-2.0

;; Sets a header whose value holds a line break and another header. No client may
;; see a header named Injected.
(module
  (import "easegress" "host_resp_set_header" (func $host_resp_set_header (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\06\00\00\00X-Odd\00")
  (data (i32.const 32) "\13\00\00\00v\0d\0aInjected: yes\0d\0a\00")
  (func (export "wasm_run") (result i32)
    (call $host_resp_set_header (i32.const 16) (i32.const 32))
    (i32.const 0)))
