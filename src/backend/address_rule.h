// SPDX-License-Identifier: Apache-2.0
// AddressRule: which addresses a Connector may connect to. It sees those that a look-up has found,
// so that a name cannot lead elsewhere than its owner may. Immutable; any thread.
#pragma once

#include "base/result.h"
#include "net/resolver.h"

namespace sluice::backend {

class AddressRule {
 public:
  virtual ~AddressRule() = default;
  // Error: `forbidden`, with the reason. Never waits.
  [[nodiscard]] virtual Result<void> check(const net::Endpoint& endpoint) const = 0;
};

}  // namespace sluice::backend
