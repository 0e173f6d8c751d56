// SPDX-License-Identifier: Apache-2.0
// Health: the answers to probes. /healthz: the process is alive. /readyz: it serves, so that a load
// balancer may send requests. Without credentials and without detail.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "admin/message.h"

namespace sluice::control {
class Controller;
}

namespace sluice::admin {

class Health {
 public:
  // Requires: `controller` outlives this.
  explicit Health(const control::Controller& controller) : controller_(controller) {}

  // The process ends: it is alive, and not ready. Any thread.
  void drain() { draining_.store(true); }
  // Any thread but a worker's: false if the store does not write, if an object is being built for
  // the first time, or after drain().
  [[nodiscard]] bool ready() const;
  // The answer to a probe; nullopt: `target` is no probe. May block for a moment.
  [[nodiscard]] std::optional<ApiResponse> answer(std::string_view method,
                                                  std::string_view target) const;

 private:
  const control::Controller& controller_;
  std::atomic<bool> draining_ = false;
};

// True for the paths that Health answers.
[[nodiscard]] bool is_probe(std::string_view target);

}  // namespace sluice::admin
