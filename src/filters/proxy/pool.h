// SPDX-License-Identifier: Apache-2.0
// MainPool: what the cores share of a pool of servers. Immutable but for its counters.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/balancer.h"
#include "backend/pool.h"
#include "backend/server.h"
#include "base/json.h"
#include "filters/proxy/spec.h"
#include "observe/counter.h"

namespace sluice::filters {

class MainPool {
 public:
  MainPool(const ProxySpec& spec, unsigned core_count);

  // On the core's thread.
  void count(unsigned core, int status);
  // Any thread: {"stat": {"count", "errCount", "codes"}}.
  [[nodiscard]] Json status() const;

  [[nodiscard]] bool is_failure(int status) const;
  // For the Host field; empty: the client's.
  [[nodiscard]] std::string_view host_for(const backend::Server& server,
                                          std::string_view client_host) const;

  std::string name;  // for tags and logs
  std::vector<backend::Server> servers;
  backend::Policy policy = backend::Policy::round_robin;
  std::string header;
  Duration timeout{};
  std::int64_t body_bytes_max = 0;
  backend::PoolLimits limits;  // of one core

 private:
  struct Cells {
    observe::Cell count;
    observe::Cell errors;
    std::array<observe::Cell, 500> codes;  // status - 100
  };

  bool set_server_host_ = false;
  std::bitset<600> failure_codes_;
  observe::PerCore<Cells> stats_;
};

}  // namespace sluice::filters
