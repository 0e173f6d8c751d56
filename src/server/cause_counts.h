// SPDX-License-Identifier: Apache-2.0
// CauseCounts: how often an HTTPServer has answered, ended an exchange or closed a connection for
// each cause.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "http/cause.h"
#include "observe/counter.h"

namespace sluice::server {

class CauseCounts {
 public:
  explicit CauseCounts(unsigned core_count) : cells_(core_count) {}

  // On the core's thread.
  void record(unsigned core, http::Cause cause) {
    if (cause != http::Cause::none) cells_.at(core).counts[static_cast<std::size_t>(cause)].add();
  }
  // Any thread.
  [[nodiscard]] std::uint64_t count(http::Cause cause) const {
    std::uint64_t sum = 0;
    for (unsigned core = 0; core < cells_.size(); ++core)
      sum += cells_.at(core).counts[static_cast<std::size_t>(cause)].get();
    return sum;
  }

 private:
  struct Cells {
    std::array<observe::Cell, http::kCauses> counts;
  };
  observe::PerCore<Cells> cells_;
};

}  // namespace sluice::server
