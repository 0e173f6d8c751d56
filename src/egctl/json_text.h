// SPDX-License-Identifier: Apache-2.0
// Texts in JSON from the server or the settings file.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sluice::egctl {

// The member `key`; "" if `map` is not a map, or the member is not a text.
[[nodiscard]] std::string text_at(const Json& map, std::string_view key);

}  // namespace sluice::egctl
