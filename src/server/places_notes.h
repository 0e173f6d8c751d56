// SPDX-License-Identifier: Apache-2.0
// PlacesNotes: the lines of the log that say when all connections of an HTTPServer are taken, and
// when there is room again. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "server/server_spec.h"

namespace sluice::server {

class PlacesNotes {
 public:
  // There is room again when there was some for this long: at most one line in this time.
  static constexpr Duration kCalm = std::chrono::seconds(10);

  // Returns a line when the connections have become all taken, or have room again, since the last
  // call. Called once a second. `taken`: the connections of all cores.
  [[nodiscard]] std::optional<std::string> tick(TimePoint now, std::uint32_t taken,
                                                const HttpServerSpec& spec);

 private:
  bool full_ = false;
  TimePoint last_at_{};  // all were taken
};

}  // namespace sluice::server
