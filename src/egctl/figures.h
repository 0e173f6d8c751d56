// SPDX-License-Identifier: Apache-2.0
// Figures: requests, errors, rate and latency of a status, or of those of several members.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace sluice::egctl {

class Figures {
 public:
  // A status without figures changes nothing.
  void add(const Json& status);
  // Takes the figures that line() sums up out of a status, and those of the same kind.
  static void leave_out(Json& status);
  [[nodiscard]] bool any() const { return any_; }

  // Each is "" if no status had figures.
  [[nodiscard]] std::string requests_text() const;
  [[nodiscard]] std::string errors_text() const;
  [[nodiscard]] std::string rate_text() const;     // requests a second, over the last minute
  [[nodiscard]] std::string latency_text() const;  // the 99th percentile of the slowest member
  // "5 requests, 0 errors, 0.1/s in the last minute, p50 0.1ms, p99 0.2ms, max 0.3ms"
  [[nodiscard]] std::string line() const;

 private:
  bool any_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t errors_ = 0;
  double rate_ = 0;
  double p50_ = 0;
  double p99_ = 0;
  double max_ = 0;
};

}  // namespace sluice::egctl
