;; SPDX-License-Identifier: Apache-2.0

;; Logs, tags, puts and sets a header with bytes which are not UTF-8. Such text
;; is the guest's own business; nobody may stumble over it.
(module
  (import "easegress" "host_log" (func $host_log (param i32 i32)))
  (import "easegress" "host_cluster_put_string" (func $host_cluster_put_string (param i32 i32)))
  (import "easegress" "host_add_tag" (func $host_add_tag (param i32)))
  (import "easegress" "host_resp_set_header" (func $host_resp_set_header (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "wasm_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "wasm_free") (param i32))
  (data (i32.const 16) "\05\00\00\00\ff\fe\c0\af\00")
  (data (i32.const 32) "\06\00\00\00X-Odd\00")
  (func (export "wasm_run") (result i32)
    (call $host_log (i32.const 1) (i32.const 16))
    (call $host_add_tag (i32.const 16))
    (call $host_cluster_put_string (i32.const 16) (i32.const 16))
    (call $host_resp_set_header (i32.const 32) (i32.const 16))
    (i32.const 0)))
