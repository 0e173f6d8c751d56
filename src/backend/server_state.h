// SPDX-License-Identifier: Apache-2.0
// ServerState: what is known of a server while the gateway runs: what its health checks say, how
// its requests went. Shared by the cores, and by the generations of a pool as long as the server
// stays in it. Any thread; no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/connection_gate.h"
#include "backend/known_addresses.h"
#include "base/time.h"
#include "observe/counter.h"

namespace sluice::backend {

// When a server that fails requests is left out for a while.
struct OutlierPolicy {
  std::uint32_t consecutive_failures = 5;  // without a whole response; 0: do not count them
  std::uint32_t consecutive_5xx = 0;       // 0: do not count them
  Duration ejection_time = std::chrono::seconds(30);  // of the first; doubled for each that follows
  Duration ejection_time_max = std::chrono::minutes(5);

  bool operator==(const OutlierPolicy&) const = default;
};

class ServerState {
 public:
  explicit ServerState(unsigned core_count)
      : cells(core_count), gate(std::make_shared<ConnectionGate>(core_count)) {}

  struct Cells {
    observe::Cell requests;   // tries that went to this server
    observe::Cell failures;   // that brought no whole response
    observe::Cell in_flight;  // until the end of the response's body, streamed or not
  };
  observe::PerCore<Cells> cells;
  const std::shared_ptr<ConnectionGate> gate;  // its connections
  const std::shared_ptr<KnownAddresses> addresses = std::make_shared<KnownAddresses>();

  // What the health check found last; true before the first.
  [[nodiscard]] bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  void set_healthy(bool healthy) { healthy_.store(healthy, std::memory_order_relaxed); }

  [[nodiscard]] bool was_ejected() const {
    return ejected_until_.load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] bool ejected(TimePoint now) const;
  // Costs a read unless there is something to forget or to count. Both return how long the server
  // is left out from now on, if this one was the last straw.
  std::optional<Duration> note_response(int status, const OutlierPolicy& policy, TimePoint now);
  // The two halves of it: of a streamed response the head comes long before the end.
  std::optional<Duration> note_status(int status, const OutlierPolicy& policy, TimePoint now);
  void note_whole();
  std::optional<Duration> note_failure(const OutlierPolicy& policy, TimePoint now);

  // What a process that follows this one should know.
  struct Knowledge {
    bool healthy = true;
    Duration ejected_for{};  // from now on
    std::uint32_t ejections = 0;
  };
  [[nodiscard]] Knowledge knowledge(TimePoint now) const;
  // What its requests have shown so far counts no more: the rules are other ones.
  void forget_failures();
  // Before the first request.
  void learn(const Knowledge& knowledge, TimePoint now);

 private:
  std::optional<Duration> eject(const OutlierPolicy& policy, TimePoint now);

  std::atomic<bool> healthy_{true};
  std::atomic<std::uint32_t> failures_in_row_{0};
  std::atomic<std::uint32_t> errors_in_row_{0};
  std::atomic<std::uint32_t> ejections_{0};   // that followed one another closely
  std::atomic<Clock::rep> ejected_until_{0};  // since the epoch of Clock; 0: never was
};

// An exchange with a server that is under way, for as long as it lives. Of one core.
class InFlight {
 public:
  // `state` outlives it.
  InFlight(ServerState& state, unsigned core) : cells_(state.cells.at(core)) {
    cells_.in_flight.add();
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { cells_.in_flight.subtract(); }

 private:
  ServerState::Cells& cells_;
};

using ServerStates = std::vector<std::shared_ptr<ServerState>>;

// Which servers a core may choose from at this moment.
class Availability {
 public:
  // `checked`: there is a health check, whose word counts.
  Availability(const ServerStates& states, bool checked, unsigned core)
      : states_(states), checked_(checked), core_(core) {}

  // Indexes, in order: the healthy ones that are not left out. If all of those are left out, they
  // are asked again before nobody is: then it is all healthy ones. Empty: none is healthy.
  void list(std::vector<std::size_t>& out) const;
  [[nodiscard]] std::size_t size() const { return states_.size(); }
  // Exchanges of this core that are under way.
  [[nodiscard]] std::uint64_t in_flight(std::size_t server) const {
    return states_[server]->cells.at(core_).in_flight.get();
  }

 private:
  const ServerStates& states_;
  bool checked_;
  unsigned core_;
};

}  // namespace sluice::backend
