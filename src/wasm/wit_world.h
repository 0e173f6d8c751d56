// SPDX-License-Identifier: Apache-2.0
// WitWorld: an ABI as components see it. Its functions are those of the ABI under other names and
// with types of the component model, and so have one meaning for both kinds of guests.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::wasm {

struct WitImport {
  std::string_view function;   // of the ABI
  std::string_view interface;  // without the package: "request"
  std::string_view name;
  // The letters of the parameters, '>', that of the result: t = list<u8>, a = list<list<u8>>,
  // i = s32, u = u32, I = s64, F = f64. An address of the ABI is a t or an a.
  std::string_view shape;
};

struct WitWorld {
  std::string_view package;  // "sluice:gateway"
  std::string_view version;
  std::span<const WitImport> imports;
  std::size_t run;  // the index of the ABI's function that `run` is
};

}  // namespace sluice::wasm
