// SPDX-License-Identifier: Apache-2.0
// Overload: whether a core keeps up with the requests of one HTTPServer (docs/overload.md). A
// request is late if it has waited for its core for longer than overload.target. Core-bound.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "net/stream.h"
#include "observe/counter.h"
#include "server/server_spec.h"

namespace sluice::server {

// The overload counters of one HTTPServer on one core.
struct OverloadCells {
  // How long a core counts as overloaded after a late request.
  static constexpr Duration kMemory = std::chrono::seconds(1);

  observe::Cell shed;           // requests of unknown users answered 503
  observe::Cell known;          // late requests of known users, which were served
  observe::Cell delay_us;       // the longest wait of a request within the last second
  observe::Cell overloaded_at;  // when the last late request came: Clock's nanoseconds
};

// Over all cores.
struct OverloadSums {
  bool overloaded;         // some core, now
  std::uint64_t delay_us;  // of the core with the longest
  std::uint64_t shed;
  std::uint64_t known;
};
// Any thread.
[[nodiscard]] OverloadSums sum_overload(const observe::PerCore<OverloadCells>& cores,
                                        const OverloadSpec& spec);

class Overload {
 public:
  // Requires: `cells` outlives this, or the next update().
  Overload(const OverloadSpec& spec, OverloadCells& cells)
      : target_(spec.target), retry_after_(spec.retry_after), cells_(&cells) {}
  Overload(const Overload&) = delete;
  Overload& operator=(const Overload&) = delete;

  // Takes over a new configuration. Returns true if the target has changed.
  bool update(const OverloadSpec& spec, OverloadCells& cells);

  // Records that a request arrived at `now` after waiting for this core for `waited`. Returns true
  // if it is late: it is answered 503 unless its user is known.
  [[nodiscard]] bool note_request(TimePoint now, Duration waited) {
    longest_wait_ = std::max(longest_wait_, waited);
    if (waited < target_) [[likely]]
      return false;
    note_late(now);
    return true;
  }
  // True if a request was late within the last second.
  [[nodiscard]] bool is_on(TimePoint now) const {
    return late_at_ != TimePoint::min() && now - late_at_ < OverloadCells::kMemory;
  }
  // Returns how long a client's request may wait before newer ones overtake it. A known client's
  // request counts as work in progress (net::Stream::set_patience).
  [[nodiscard]] Duration patience(bool known) const {
    return known ? net::Stream::kAtHand : target_;
  }
  // Returns how long a connection may wait in the kernel before it gets a fixed answer; max: for
  // ever.
  [[nodiscard]] Duration accept_patience() const {
    return target_ > Duration::zero() ? target_ : Duration::max();
  }
  // Returns the Retry-After of a shed request, in seconds. The values are spread, so that the
  // refused clients do not all return at once.
  [[nodiscard]] std::int64_t retry_after();
  // Counts a connection that is refused unread.
  void note_shed() { cells_->shed.add(); }

  // Called once a second.
  void tick();
  // Returns the backlog of the kernel for a core that accepts `accepted` connections per second:
  // under overload, those that it accepts in half the time that a request may wait.
  [[nodiscard]] int backlog(unsigned accepted, TimePoint now) const;

 private:
  void note_late(TimePoint now);

  Duration target_;
  Duration retry_after_;
  OverloadCells* cells_;
  Duration longest_wait_{};  // of a request since the last tick
  TimePoint late_at_ = TimePoint::min();
  std::uint64_t retries_ = 0;
};

}  // namespace sluice::server
