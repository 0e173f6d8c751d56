// SPDX-License-Identifier: Apache-2.0
// Addresses: one core's current addresses of a server's name. Core-bound. The look-up runs off the
// loop, for all cores, and repeats after each period in which the name is used. Found addresses
// stay valid until a newer answer arrives.
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

// The look-ups that may run at a time, for names that clients choose. One core.
struct LookUpShare {
  std::size_t max = 0;
  std::size_t running = 0;
};

class Addresses : public std::enable_shared_from_this<Addresses> {
 public:
  // `known`: for this name, shared by all cores. `turn`: the index at which this core begins, so
  // that cores begin with different addresses. `share`: null: look-ups are not limited.
  Addresses(loop::EventLoop& loop, std::string host, std::uint16_t port, Duration period,
            std::shared_ptr<KnownAddresses> known, std::size_t turn,
            std::shared_ptr<LookUpShare> share = nullptr);

  // Returns the addresses in the order to try them: rotated, so that all are used, and those that
  // did not answer last. Waits only before the first answer. Errors: `timed_out`, else that of the
  // look-up (net::resolve), `unavailable` if the share is used up.
  [[nodiscard]] Task<Result<std::vector<net::Endpoint>>> find(TimePoint deadline);
  // Adopts the addresses that other cores have found. Begins a new look-up if one is due.
  void refresh(TimePoint now);
  // True if a connection to that address is still one to this server.
  [[nodiscard]] bool includes(const net::Endpoint& endpoint) const;
  // True while the first look-up goes on, so that no address is known yet.
  [[nodiscard]] bool waits_for_look_up() const { return looking_ && addresses_.empty(); }
  // The address did not answer: it is tried last until a newer look-up finds it, which is due soon.
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
  const std::shared_ptr<LookUpShare> share_;
  std::uint64_t version_ = 0;       // of the adopted addresses
  std::vector<Address> addresses_;  // empty: never found
  std::size_t turn_;
  Error error_;  // of the last failed look-up
  bool looking_ = false;
  loop::WaitList found_;  // waits for the end of the look-up
};

}  // namespace sluice::backend
