// SPDX-License-Identifier: Apache-2.0
// ServerState: the run-time state of a server: the result of its health checks and of its requests.
// Shared by the cores, and by the generations of a pool while the server stays in it. Any thread;
// no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/connection_gate.h"
#include "backend/known_addresses.h"
#include "base/line_pace.h"
#include "base/published.h"
#include "base/time.h"
#include "observe/counter.h"

namespace sluice::backend {

// The conditions under which a failing server is ejected.
struct OutlierPolicy {
  std::uint32_t consecutive_failures = 5;             // without a whole response; 0: not counted
  std::uint32_t consecutive_5xx = 0;                  // 0: not counted
  Duration ejection_time = std::chrono::seconds(30);  // of the first; each further one doubles it
  Duration ejection_time_max = std::chrono::minutes(5);

  bool operator==(const OutlierPolicy&) const = default;
};

class ServerState {
 public:
  // `known_addresses`: of its name, if they outlive this state.
  explicit ServerState(unsigned core_count, std::shared_ptr<KnownAddresses> known_addresses =
                                                std::make_shared<KnownAddresses>())
      : cells(core_count),
        gate(std::make_shared<ConnectionGate>(core_count)),
        addresses(std::move(known_addresses)) {}

  struct Cells {
    observe::Cell requests;   // tries that went to this server
    observe::Cell failures;   // tries without a whole response
    observe::Cell abandoned;  // tries whose client left before there was a response
    observe::Cell in_flight;  // until the end of the response's body, streamed or not
  };
  observe::PerCore<Cells> cells;
  const std::shared_ptr<ConnectionGate> gate;  // its connections
  const std::shared_ptr<KnownAddresses> addresses;
  // The lines of the log about its ejections, and about its returns.
  static constexpr Duration kLinePeriod = std::chrono::seconds(10);
  LinePace ejection_lines{kLinePeriod};
  LinePace return_lines{kLinePeriod};

  // The last result of the health check; true before the first.
  [[nodiscard]] bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  void set_healthy(bool healthy) { healthy_.store(healthy, std::memory_order_relaxed); }

  // True if the server has been ejected at least once.
  [[nodiscard]] bool was_ejected() const {
    return ejected_until_.load(std::memory_order_relaxed) != 0;
  }
  // True during an ejection.
  [[nodiscard]] bool ejected(TimePoint now) const;
  // True once, when an ejection is over: the server is about to be tried again. Costs a read.
  [[nodiscard]] bool take_return(TimePoint now);
  // Returns the time until the ejection ends; zero if the server is not ejected.
  [[nodiscard]] Duration ejected_for(TimePoint now) const;
  // Why it was ejected last, for the status. Not on the path of each request: takes a lock.
  void tell_reason(std::string reason);
  [[nodiscard]] std::string reason() const;
  // A whole response has arrived. Costs a read unless a counter must change. Like note_status() and
  // note_failure(), returns the length of the ejection if this result caused one.
  std::optional<Duration> note_response(int status, const OutlierPolicy& policy, TimePoint now);
  // The two halves of note_response(), because the end of a streamed response comes long after its
  // head.
  std::optional<Duration> note_status(int status, const OutlierPolicy& policy, TimePoint now);
  void note_whole();
  // A try ended without a whole response.
  std::optional<Duration> note_failure(const OutlierPolicy& policy, TimePoint now);

  // The state to hand to the process that follows this one.
  struct Knowledge {
    bool healthy = true;
    Duration ejected_for{};  // from now on
    std::uint32_t ejections = 0;
    std::string reason{};  // of the ejection; "": none, or it is not known
  };
  [[nodiscard]] Knowledge knowledge(TimePoint now) const;
  // Resets the failure counters, because the policy has changed.
  void forget_failures();
  // Adopts the state from the process before this one. Requires: no request yet.
  void learn(const Knowledge& knowledge, TimePoint now);

 private:
  std::optional<Duration> eject(const OutlierPolicy& policy, TimePoint now);

  std::atomic<bool> healthy_{true};
  std::atomic<std::uint32_t> failures_in_row_{0};
  std::atomic<std::uint32_t> errors_in_row_{0};
  std::atomic<std::uint32_t> ejections_{0};   // in close succession
  std::atomic<bool> left_out_{false};         // since its ejection, nobody has tried it
  std::atomic<Clock::rep> ejected_until_{0};  // since the epoch of Clock; 0: never ejected
  Published<std::string> reason_;             // of the last ejection
};

// An exchange in progress with a server, while this lives. For one core.
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

// The servers from which a core may choose now.
class Availability {
 public:
  // `checked`: a health check exists, and its result counts.
  Availability(const ServerStates& states, bool checked, unsigned core)
      : states_(states), checked_(checked), core_(core) {}

  // Indexes, in order: the healthy servers that are not ejected. If all healthy servers are
  // ejected, all of them. Empty: no server is healthy.
  void list(std::vector<std::size_t>& out) const;
  [[nodiscard]] std::size_t size() const { return states_.size(); }
  // The exchanges of this core in progress.
  [[nodiscard]] std::uint64_t in_flight(std::size_t server) const {
    return states_[server]->cells.at(core_).in_flight.get();
  }

 private:
  const ServerStates& states_;
  bool checked_;
  unsigned core_;
};

}  // namespace sluice::backend
