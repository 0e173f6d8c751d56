// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: owners for the objects of the Wasmtime C API.
#pragma once

#include <wasm.h>
#include <wasmtime.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/deleter.h"

namespace sluice::wasm {

using EnginePtr = std::unique_ptr<wasm_engine_t, Deleter<wasm_engine_delete>>;
using ConfigPtr = std::unique_ptr<wasm_config_t, Deleter<wasm_config_delete>>;
using PoolConfigPtr = std::unique_ptr<wasmtime_pooling_allocation_config_t,
                                      Deleter<wasmtime_pooling_allocation_config_delete>>;
using ModulePtr = std::unique_ptr<wasmtime_module_t, Deleter<wasmtime_module_delete>>;
using LinkerPtr = std::unique_ptr<wasmtime_linker_t, Deleter<wasmtime_linker_delete>>;
using InstancePrePtr =
    std::unique_ptr<wasmtime_instance_pre_t, Deleter<wasmtime_instance_pre_delete>>;
using StorePtr = std::unique_ptr<wasmtime_store_t, Deleter<wasmtime_store_delete>>;
using FuturePtr = std::unique_ptr<wasmtime_call_future_t, Deleter<wasmtime_call_future_delete>>;
using ErrorPtr = std::unique_ptr<wasmtime_error_t, Deleter<wasmtime_error_delete>>;
using TrapPtr = std::unique_ptr<wasm_trap_t, Deleter<wasm_trap_delete>>;
using FuncTypePtr = std::unique_ptr<wasm_functype_t, Deleter<wasm_functype_delete>>;

// A byte vector that Wasmtime fills.
class ByteVec {
 public:
  ByteVec() { wasm_byte_vec_new_empty(&vec_); }
  ~ByteVec() { wasm_byte_vec_delete(&vec_); }
  ByteVec(const ByteVec&) = delete;
  ByteVec& operator=(const ByteVec&) = delete;
  wasm_byte_vec_t* out() { return &vec_; }
  [[nodiscard]] std::string_view view() const { return {vec_.data, vec_.size}; }

 private:
  wasm_byte_vec_t vec_;
};

inline std::string_view view(const wasm_name_t* name) {
  return name == nullptr ? std::string_view() : std::string_view(name->data, name->size);
}

// Return the text of an error on one line: the last cause, which names the fault.
[[nodiscard]] std::string one_line(std::string_view text);
[[nodiscard]] std::string message_of(const wasmtime_error_t& error);
[[nodiscard]] std::string message_of(const wasm_trap_t& trap);

}  // namespace sluice::wasm
