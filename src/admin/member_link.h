// SPDX-License-Identifier: Apache-2.0
// MemberLink: calls of administration to the cluster ports of other members, on an event loop of
// its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "filters/wasm_host/handover/courier.h"
#include "loop/loop_thread.h"
#include "net/tls/tls_client_context.h"

namespace sluice::admin {

class MemberLink {
 public:
  // `tls`: as of HandoverOptions.
  explicit MemberLink(std::shared_ptr<const net::TlsClientContext> tls);
  ~MemberLink();
  MemberLink(const MemberLink&) = delete;
  MemberLink& operator=(const MemberLink&) = delete;

  // These block. Any thread but its own.

  // Sends a message of handed_message.h, and waits for its answer at most until `deadline`, and no
  // longer than `given_up` returns false, which it asks now and then on its own thread.
  using Outcome = filters::Courier::Outcome;
  [[nodiscard]] Outcome call(const std::string& address, std::string message, TimePoint deadline,
                             std::function<bool()> given_up);

  // The clock of the member at `address` minus the clock of this one, as NTP estimates it: the
  // answer is taken to be from the middle of the round trip.
  struct ClockOffset {
    Duration offset{};
    Duration uncertainty{};  // half of the round trip
  };
  [[nodiscard]] Result<ClockOffset> clock_of(const std::string& address);

 private:
  [[nodiscard]] Task<Outcome> post(std::string address, std::string message, TimePoint deadline,
                                   std::function<bool()> given_up);
  [[nodiscard]] Task<Result<ClockOffset>> ask_clock(std::string address);

  loop::LoopThread thread_;
  std::unique_ptr<filters::HttpCourier> courier_;  // of the thread
};

}  // namespace sluice::admin
