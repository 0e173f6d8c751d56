// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/reach_member.h"

namespace sluice::filters {

// A question about no namespace is answered at once, with a refusal.
Task<bool> ReachMemberOverPort::operator()(const loop::Core& core, const std::string& address,
                                           TimePoint deadline) const {
  if (!courier_) courier_ = std::make_unique<HttpCourier>(core, tls_);
  const auto outcome = co_await courier_->fetch(address, kNewestPath, "ns=", deadline);
  co_return outcome.is_there;
}

}  // namespace sluice::filters
