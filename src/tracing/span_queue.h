// SPDX-License-Identifier: Apache-2.0
// SpanQueue: the finished traces of one core, on their way to the exporter. Neither side ever waits
// for the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "tracing/span.h"

namespace sluice::tracing {

// Of the traces that one core holds for one server, beside the bound on spans.
inline constexpr std::size_t kQueueBytesMax = std::size_t{4} << 20;

// One thread pushes, and one pops.
class SpanQueue {
 public:
  explicit SpanQueue(std::size_t spans_max, std::size_t bytes_max = kQueueBytesMax);
  ~SpanQueue();
  SpanQueue(const SpanQueue&) = delete;
  SpanQueue& operator=(const SpanQueue&) = delete;

  // False, and the trace is dropped, if the queue would hold more than it may.
  [[nodiscard]] bool push(std::unique_ptr<Recording> trace);
  // Null: there is none.
  [[nodiscard]] std::unique_ptr<Recording> pop();
  // Any thread: the spans that it holds.
  [[nodiscard]] std::size_t spans() const;

 private:
  // What has gone through one side since the start. The other side reads it.
  struct alignas(64) Side {
    std::atomic<std::size_t> traces{0};
    std::atomic<std::size_t> spans{0};
    std::atomic<std::size_t> bytes{0};
    void add(const Recording& trace);
  };

  const std::size_t spans_max_;
  const std::size_t bytes_max_;
  std::vector<Recording*> slots_;  // a power of two
  Side pushed_;
  Side popped_;
};

}  // namespace sluice::tracing
