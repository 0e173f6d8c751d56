// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/pins.h"

#include <nlohmann/json.hpp>

namespace sluice::filters {
namespace {

std::string member_text(const Json& pin, const char* name) {
  const auto found = pin.find(name);
  return found != pin.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Json pin_of(const RunningCode& code, std::string_view kind) {
  Json pin = code.pin();
  if (!kind.empty()) pin[kPinKind] = kind;
  return pin;
}

std::string pinned_hash(const Json& pin, std::string_view kind) {
  if (!pin.is_object() || member_text(pin, kPinKind) != kind) return {};
  return member_text(pin, "sha256");
}

}  // namespace sluice::filters
