// SPDX-License-Identifier: Apache-2.0
// PortCalls: the calls of other members on the cluster port that are no exchanges of clients. They
// may block, so they are done on other threads than the cores'.
#pragma once

#include <functional>
#include <string>

namespace sluice::filters {

class PortCalls {
 public:
  virtual ~PortCalls() = default;
  // Called once, on any thread.
  using Reply = std::function<void(std::string answer)>;
  // Takes a call and returns at once. Any thread.
  virtual void take(std::string message, Reply reply) = 0;
};

}  // namespace sluice::filters
