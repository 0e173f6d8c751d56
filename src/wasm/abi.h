// SPDX-License-Identifier: Apache-2.0
// An ABI is a table of modules with host functions that guests may import, and a table of functions
// that guests export. Types are letters, as in Signature (i, I, f, F). They are derived from the
// C++ types of host_function() and GuestFunction.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "wasm/value.h"
#include "wasm/wit_world.h"

namespace sluice::wasm {

class HostCall;

// Made by host_function() (wasm/host_function.h), which also says what a host function may do.
struct HostFunction {
  std::string_view name;
  std::string_view params;
  std::string_view result;  // "" or one letter
  Result<void> (*enter)(HostCall& call);
};

// Host functions under the name that guests import them from. Several may have the same name.
struct ImportModule {
  std::string_view name;
  std::span<const HostFunction> functions;
  // True: a guest may call them while the host calls the guest (HostCall::call). They cannot call
  // the guest then: each level would take a stack of its own.
  bool in_nested_calls = false;
};

// A row of the table of exports. Made from a GuestFunction.
struct GuestExport {
  std::size_t index;
  std::string_view name;
  std::string_view params;
  std::string_view result;
  bool required;
  // False: an export of this name and another type is none. Two rows may then have one name.
  bool refuses_other_types = true;
};

// A function that guests export, by its C++ type: GuestFunction<std::int32_t(std::uint32_t)>.
// The linker checks the type of the export; a call checks the arguments at compile time.
template <class Function>
struct GuestFunction;

template <class R, WasmValue... A>
struct GuestFunction<R(A...)> {
  std::size_t index;  // in Abi::guest
  std::string_view name;
  bool required = true;
  bool refuses_other_types = true;

  constexpr operator GuestExport() const {  // NOLINT(google-explicit-constructor)
    std::string_view result;
    if constexpr (WasmValue<R>) result = ValueTypes<R>::kLetters;
    static_assert(WasmValue<R> || std::same_as<R, void>);
    return {index, name, ValueTypes<A...>::kLetters, result, required, refuses_other_types};
  }
};

// Returns the table of an ABI. Does not compile unless each function is at its index.
template <class... Functions>
consteval auto guest_exports(const Functions&... functions) {
  const std::array<GuestExport, sizeof...(Functions)> table{GuestExport(functions)...};
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].index != i) throw "a function's index is not its place";
  }
  return table;
}

// Requires: what an Abi refers to outlives every Linker made of it.
struct Abi {
  std::span<const ImportModule> modules;
  std::span<const GuestExport> guest;
  const WitWorld* world = nullptr;  // null: no components
};

}  // namespace sluice::wasm
