// SPDX-License-Identifier: Apache-2.0
// Addresses: what the name of a server stands for now. Core-bound. The name is looked up off the
// loop, once for all who ask meanwhile, again after each period in which it is used, and what was
// found is kept as long as nobody can tell anything newer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/one_shot.h"
#include "net/resolver.h"

namespace sluice::backend {

class Addresses : public std::enable_shared_from_this<Addresses> {
 public:
  Addresses(loop::EventLoop& loop, std::string host, std::uint16_t port, Duration period);

  // In the order to try them: in turn, so that all are used, those last that did not answer.
  [[nodiscard]] Task<Result<std::vector<net::Endpoint>>> find(TimePoint deadline);
  // Begins a new look-up if it is time.
  void refresh(TimePoint now);
  // Whether a connection to that address still is one to this server.
  [[nodiscard]] bool includes(const net::Endpoint& endpoint) const;
  void note_failure(const net::Endpoint& endpoint);

 private:
  struct Address {
    net::Endpoint endpoint;
    bool failed = false;
  };
  static Task<void> look_up(std::shared_ptr<Addresses> self);
  [[nodiscard]] std::vector<net::Endpoint> in_turn();

  loop::EventLoop& loop_;
  const std::string host_;
  const std::uint16_t port_;
  const Duration period_;
  const bool literal_;
  std::vector<Address> addresses_;  // empty: never found
  TimePoint looked_up_{};
  std::size_t turn_ = 0;
  Error error_;  // of the last look-up that failed
  bool looking_ = false;
  std::vector<std::shared_ptr<net::OneShot<bool>::Slot>> waiting_;
};

}  // namespace sluice::backend
