// SPDX-License-Identifier: Apache-2.0
// ClosedNotes: the lines of the log about connections that end without a request. Core-bound.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "http/cause.h"

namespace sluice::server {

class ClosedNotes {
 public:
  // A client can open any number of connections: this is the pace of the lines for each cause.
  static constexpr Duration kPeriod = std::chrono::minutes(1);

  // Requires: `cause` is of connections. nullopt: leave this line out. Otherwise, the line.
  // `why`: "" or more than the cause says.
  [[nodiscard]] std::optional<std::string> note(TimePoint now, http::Cause cause,
                                                std::string_view server, std::string_view peer,
                                                std::string_view why) {
    Kind& kind = kinds_[static_cast<std::size_t>(cause) - http::kFirstOfConnections];
    if (kind.told && now - *kind.told < kPeriod) {
      ++kind.left_out;
      return std::nullopt;
    }
    kind.told = now;
    std::string line = "HTTPServer ";
    line.append(server).append(": the connection of ").append(peer).append(" ended, code=");
    line.append(http::code_of(cause));
    if (!why.empty()) line.append(": ").append(why);
    if (const std::uint64_t count = std::exchange(kind.left_out, 0); count > 0)
      line += " (" + std::to_string(count) + " more of this code before)";
    return line;
  }

 private:
  struct Kind {
    std::optional<TimePoint> told{};
    std::uint64_t left_out = 0;
  };
  std::array<Kind, http::kCauses - http::kFirstOfConnections> kinds_;
};

}  // namespace sluice::server
