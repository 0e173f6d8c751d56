// SPDX-License-Identifier: Apache-2.0
// EndAsked: whether a request to stop has reached this process while sluice.pid named it. During a
// hot restart, such a request is for the new process, too.
#pragma once

#include <functional>
#include <utility>

namespace sluice::server_program {

class EndAsked {
 public:
  // `pending`: a request to stop has come. `named`: sluice.pid names this process.
  EndAsked(std::function<bool()> pending, std::function<bool()> named)
      : pending_(std::move(pending)), named_(std::move(named)) {}

  // Call it often. A request that came between two looks may be older than the change of sluice.pid
  // between them, so it counts: its sender has read the pid before.
  void look() {
    const bool named = named_();
    if (!asked_ && pending_()) asked_ = named || named_before_;
    named_before_ = named;
  }
  [[nodiscard]] bool asked() const { return asked_; }

 private:
  const std::function<bool()> pending_;
  const std::function<bool()> named_;
  bool named_before_ = false;
  bool asked_ = false;
};

}  // namespace sluice::server_program
