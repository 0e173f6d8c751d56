// SPDX-License-Identifier: Apache-2.0
// ReachMemberOverPort: asks another member's cluster port for a sign of life. It gives one while it
// waits for its store, too. For store::EtcdOptions::reach_member.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "filters/wasm_host/handover/courier.h"
#include "loop/core.h"
#include "loop/task.h"
#include "net/tls/tls_client_context.h"

namespace sluice::filters {

// As AskOwnerOverPort: a copy begins without connections, and one that has been called is destroyed
// on the thread of its core, before the loop.
class ReachMemberOverPort {
 public:
  // As of HandoverOptions::tls.
  explicit ReachMemberOverPort(std::shared_ptr<const net::TlsClientContext> tls)
      : tls_(std::move(tls)) {}
  ReachMemberOverPort(const ReachMemberOverPort& other) : tls_(other.tls_) {}
  ReachMemberOverPort& operator=(const ReachMemberOverPort&) = delete;
  ~ReachMemberOverPort() = default;

  // True: it has answered. Requires: always the same core, and all arguments and this outlive the
  // Task.
  [[nodiscard]] Task<bool> operator()(const loop::Core& core, const std::string& address,
                                      TimePoint deadline) const;

 private:
  std::shared_ptr<const net::TlsClientContext> tls_;
  mutable std::unique_ptr<HttpCourier> courier_;  // made by the first call
};

}  // namespace sluice::filters
