// SPDX-License-Identifier: Apache-2.0
// Counts the frames that cost us work and the client little, against their budgets.
#pragma once

#include "base/time.h"
#include "http/h2/frame_scanner.h"
#include "http/h2/session_limits.h"

namespace sluice::http::h2 {

class FloodGuard {
 public:
  explicit FloodGuard(const SessionLimits& limits);

  // Returns the name of the budget that this frame exceeds, for the log; null: none.
  [[nodiscard]] const char* admit(const FrameHead& head);
  // Counts a stream that the client reset or made us reset. Returns as admit().
  [[nodiscard]] const char* admit_reset();
  // The next reset is ours and does not count.
  void pardon_reset() { resets_.earn(1); }
  // A DATA frame was sent: the client may answer with WINDOW_UPDATE, and with a PING to measure the
  // round trip.
  void data_sent() {
    window_updates_.earn(kWindowUpdatesPerData);
    pings_.earn(1);
  }

 private:
  static constexpr double kWindowUpdatesPerData = 10;

  class Bucket {
   public:
    explicit Bucket(Budget budget) : budget_(budget), tokens_(budget.burst) {}
    [[nodiscard]] bool take();
    void earn(double tokens);

   private:
    Budget budget_;
    double tokens_;
    TimePoint filled_ = Clock::now();
  };

  Bucket resets_;
  Bucket pings_;
  Bucket settings_;
  Bucket priorities_;
  Bucket empty_data_;
  Bucket window_updates_;
  Bucket unknown_;
  std::uint32_t continuations_max_;
  std::uint32_t continuations_ = 0;  // in a row
};

}  // namespace sluice::http::h2
