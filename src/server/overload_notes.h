// SPDX-License-Identifier: Apache-2.0
// OverloadNotes: the lines of the log that say when an HTTPServer begins and ends to shed requests.
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "server/overload.h"

namespace sluice::server {

class OverloadNotes {
 public:
  // Shedding has ended when nothing was shed for this long: at most one line in this time.
  static constexpr Duration kCalm = std::chrono::seconds(10);

  // `shed`: the count so far.
  explicit OverloadNotes(std::uint64_t shed) : shed_(shed) {}
  // Returns a line when shedding has begun or ended since the last call. Called once a second.
  [[nodiscard]] std::optional<std::string> tick(TimePoint now, const OverloadSums& sums,
                                                const HttpServerSpec& spec);

 private:
  std::uint64_t shed_;           // at the last call
  std::uint64_t shed_before_{};  // when shedding began
  TimePoint began_at_{};
  TimePoint last_at_{};  // something was shed
  bool shedding_ = false;
};

}  // namespace sluice::server
