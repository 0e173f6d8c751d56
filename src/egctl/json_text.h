// SPDX-License-Identifier: Apache-2.0
// Text of JSON that the server or the settings file gives.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sluice::egctl {

// The member `key`; "" if `map` is no map, or has no text there.
[[nodiscard]] std::string text_at(const Json& map, std::string_view key);

}  // namespace sluice::egctl
