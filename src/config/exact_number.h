// SPDX-License-Identifier: Apache-2.0
// Tells whether a number keeps its value when Encoder::of() makes JSON of it.
#pragma once

#include <string_view>

#include "base/json.h"

namespace sluice::config {

// False if `number`, which the plain scalar `text` has become, has another value: the text has more
// digits than a double keeps. True also for a text or a Json that is no decimal number. Any thread.
[[nodiscard]] bool keeps_value(std::string_view text, const Json& number);

}  // namespace sluice::config
