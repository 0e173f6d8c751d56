// SPDX-License-Identifier: Apache-2.0
// Health: the answers to probes. /healthz: the process is alive. /readyz: it serves, so that a load
// balancer may send requests. Without credentials, so without a name and without a
// figure.
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
  // Any thread but a worker's: why the process does not serve, in a few words and without names;
  // "" if it does.
  [[nodiscard]] std::string_view why_not_ready() const;
  [[nodiscard]] bool ready() const { return why_not_ready().empty(); }
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
