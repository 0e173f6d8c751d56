// SPDX-License-Identifier: Apache-2.0
// Progress: deadlines for moving a body, so that a client that sends one byte a minute does not
// hold a connection for ever.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "server/limits.h"

namespace sluice::server {

class Progress {
 public:
  // Every kProgressBytes, or the rest if it is smaller, must move within `patience`.
  explicit Progress(Duration patience) : patience_(patience) {}

  // Begins a wait for the client and returns its deadline. The time between end() and begin() is
  // ours, and does not count.
  [[nodiscard]] TimePoint begin(TimePoint now) {
    began_ = now;
    return now + patience_ - waited_;
  }
  void end(TimePoint now, std::size_t bytes) {
    waited_ += now - began_;
    bytes_ += bytes;
    if (bytes_ < kProgressBytes) return;
    bytes_ = 0;
    waited_ = {};
  }

 private:
  Duration patience_;
  Duration waited_{};
  TimePoint began_{};
  std::size_t bytes_ = 0;
};

}  // namespace sluice::server
