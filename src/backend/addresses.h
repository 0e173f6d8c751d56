// SPDX-License-Identifier: Apache-2.0
// Addresses: names of servers and what they stand for now. Core-bound. A name is looked up once for
// all who ask meanwhile, kept for 30 s, and for longer while nobody can tell a newer answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/resolver.h"

namespace sluice::backend {

class Addresses {
 public:
  explicit Addresses(loop::EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] Task<Result<std::vector<net::Endpoint>>> find(std::string host, std::uint16_t port,
                                                              TimePoint deadline);

 private:
  struct Entry;
  static Task<void> look_up(loop::EventLoop& loop, std::shared_ptr<Entry> entry);

  loop::EventLoop& loop_;
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<Entry>> entries_;
};

}  // namespace sluice::backend
