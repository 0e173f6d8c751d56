// SPDX-License-Identifier: Apache-2.0
// Times that people write: "2026-11-27 20:00 Europe/Berlin". The zones are those of the machine
// (package tzdata), as they were when they were first asked for.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sluice {

struct ZonedTime {
  std::int64_t unix_ms;
  bool has_zone;  // false: neither the text nor the caller names a zone, and UTC was taken
};

// "YYYY[-MM[-DD]][Thh:mm[:ss[.fraction]][zone]]". The zone is "Z", "+hh", "+hhmm", "+hh:mm", the
// same with "-", or a name behind a blank. A blank may stand for the T, and a leading zero may be
// missing except in the year and an offset. Digits after the millisecond are cut off.
// `zone` is the name of the zone of a text that has none; "": UTC. A time that the clock of the
// zone skips is the moment of the change, and one that it shows twice is the first.
// Error `invalid`: no such time, or no such zone. Any thread. The first call with a name reads all
// zones of the machine, some 30 ms: see load_time_zones().
[[nodiscard]] Result<ZonedTime> parse_zoned_time(std::string_view text, std::string_view zone);

// Blocks. Later calls of parse_zoned_time() read no file.
void load_time_zones();

}  // namespace sluice
