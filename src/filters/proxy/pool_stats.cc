// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool_stats.h"

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::filters {

void PoolStats::count(unsigned core, int status) {
  Cells& cells = cells_.at(core);
  cells.count.add();
  if (status >= 400) cells.errors.add();
  if (status >= 100 && status < 600) cells.codes[static_cast<std::size_t>(status - 100)].add();
}

Json PoolStats::status() const {
  Json codes = Json::object();
  for (std::size_t i = 0; i < 500; ++i) {
    std::uint64_t total = 0;
    for (unsigned core = 0; core < cells_.size(); ++core) total += cells_.at(core).codes[i].get();
    if (total > 0) codes[std::to_string(i + 100)] = total;
  }
  return {{"count", cells_.sum(&Cells::count)},
          {"errCount", cells_.sum(&Cells::errors)},
          {"codes", codes}};
}

}  // namespace sluice::filters
