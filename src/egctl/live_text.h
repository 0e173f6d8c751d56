// SPDX-License-Identifier: Apache-2.0
// The figures of the live picture as the cells of a table.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace sluice::egctl {

// "0", "0.25", "12.5", "1234": short, and never an exponent.
[[nodiscard]] std::string short_number(double value);
// "1.5ms" for 0.0015.
[[nodiscard]] std::string short_duration(double seconds);
// "35.2 MiB".
[[nodiscard]] std::string short_bytes(double bytes);
// "14:03:59", in UTC. `time`: milliseconds since 1970.
[[nodiscard]] std::string time_of_day(std::int64_t time);

}  // namespace sluice::egctl
