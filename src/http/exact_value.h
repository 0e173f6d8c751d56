// SPDX-License-Identifier: Apache-2.0
// Values of fields that name somebody.
#pragma once

#include <string_view>

#include "base/text.h"
#include "http/headers.h"

namespace sluice::http {

// True if the next server reads the value as it is written here: it strips blanks at the edges, so
// " root" would name another user there.
[[nodiscard]] inline bool is_exact_value(std::string_view text) {
  return is_field_value(text) && trim_ows(text).size() == text.size();
}

}  // namespace sluice::http
