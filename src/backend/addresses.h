// SPDX-License-Identifier: Apache-2.0
// Addresses: what the name of a server stands for now, as a core uses it. Core-bound. The name is
// looked up off the loop, for all cores, again after each period in which it is used, and what was
// found is kept as long as nobody can tell anything newer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/known_addresses.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/task.h"
#include "loop/wait_list.h"
#include "net/resolver.h"

namespace sluice::backend {

class Addresses : public std::enable_shared_from_this<Addresses> {
 public:
  // `known`: of this name, for all cores. `turn`: where this core begins, so that not all begin
  // with the same address.
  Addresses(loop::EventLoop& loop, std::string host, std::uint16_t port, Duration period,
            std::shared_ptr<KnownAddresses> known, std::size_t turn);

  // In the order to try them: in turn, so that all are used, those last that did not answer.
  [[nodiscard]] Task<Result<std::vector<net::Endpoint>>> find(TimePoint deadline);
  // Takes over what other cores have found; begins a new look-up if it is time.
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
  void take_over();
  [[nodiscard]] std::vector<net::Endpoint> in_turn();

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  const std::string host_;
  const std::uint16_t port_;
  const Duration period_;
  const bool literal_;
  const std::shared_ptr<KnownAddresses> known_;
  std::uint64_t version_ = 0;       // of what was taken over
  std::vector<Address> addresses_;  // empty: never found
  std::size_t turn_;
  Error error_;  // of the last look-up that failed
  bool looking_ = false;
  loop::WaitList found_;  // for the end of the look-up
};

}  // namespace sluice::backend
