// SPDX-License-Identifier: Apache-2.0
// RFC 3339 in UTC, with milliseconds: texts in the order of their times.
#pragma once

#include <chrono>
#include <string>

namespace sluice::control {

[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point when);

}  // namespace sluice::control
