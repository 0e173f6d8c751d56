// SPDX-License-Identifier: Apache-2.0
// PoolStats: what has become of a pool's requests, counted per core.
#pragma once

#include <array>

#include "base/json.h"
#include "observe/counter.h"

namespace sluice::filters {

class PoolStats {
 public:
  explicit PoolStats(unsigned core_count) : cells_(core_count) {}

  // On the core's thread: a request that ended with this status.
  void count(unsigned core, int status);
  // Any thread: {"count", "errCount", "codes"}.
  [[nodiscard]] Json status() const;

 private:
  struct Cells {
    observe::Cell count;
    observe::Cell errors;
    std::array<observe::Cell, 500> codes;  // status - 100
  };
  observe::PerCore<Cells> cells_;
};

}  // namespace sluice::filters
