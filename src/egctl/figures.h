// SPDX-License-Identifier: Apache-2.0
// Figures: requests, errors by class, rate and latency of a status, or of those of several members.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace sluice::egctl {

class Figures {
 public:
  // A status without figures changes nothing.
  void add(const Json& status);
  // Takes the figures that line() sums up out of a status, and those of the same kind, and gives
  // bytes their unit.
  static void leave_out(Json& status);
  // Puts `traffic`, a line(), in place of the figures of each part of a status, as of a pool.
  static void sum_up_parts(Json& status);
  [[nodiscard]] bool any() const { return any_; }

  // Each is "" if no status had figures. A sale that is sold out has 4xx, and no 5xx.
  [[nodiscard]] std::string requests_text() const;
  [[nodiscard]] std::string client_errors_text() const;  // 4xx
  [[nodiscard]] std::string server_errors_text() const;  // 5xx
  [[nodiscard]] std::string rate_text() const;  // requests a second, a moving average of a minute
  // The 99th percentile of the slowest member; "": no request in the last minute.
  [[nodiscard]] std::string latency_text() const;
  // "5 requests, 2 4xx, 0 5xx, 0.1/s on average of a minute, p50 0.1ms, p99 0.2ms, max 0.3ms". "-"
  // for a latency of no request.
  [[nodiscard]] std::string line() const;

 private:
  bool any_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t client_errors_ = 0;
  std::uint64_t server_errors_ = 0;
  double rate_ = 0;
  double p50_ = 0;
  double p99_ = 0;
  double max_ = 0;
};

}  // namespace sluice::egctl
