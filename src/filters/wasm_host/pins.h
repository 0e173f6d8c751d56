// SPDX-License-Identifier: Apache-2.0
// Pins of code (RunningCode::pin()), for the kinds of filters that keep code. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "filters/wasm_host/running_code.h"

namespace sluice::filters {

// The member of a pin that names the kind of its filter. The pins of WasmHost have none.
inline constexpr const char* kPinKind = "kind";
inline constexpr std::string_view kWasmHostPins{};

// The pin of `code`, for a filter of `kind`. Members that run the same code under different pins
// would store their pins in turn.
[[nodiscard]] Json pin_of(const RunningCode& code, std::string_view kind);
// Returns the hash in a pin of filters of `kind`; "" for any other pin.
[[nodiscard]] std::string pinned_hash(const Json& pin, std::string_view kind);

}  // namespace sluice::filters
