// SPDX-License-Identifier: Apache-2.0
#include "tracing/span_queue.h"

#include <bit>

namespace sluice::tracing {

// Each side has one writer.
void SpanQueue::Side::add(const Recording& trace) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  spans.store(spans.load(kRelaxed) + trace.spans().size(), kRelaxed);
  bytes.store(bytes.load(kRelaxed) + trace.bytes(), kRelaxed);
  traces.store(traces.load(kRelaxed) + 1, std::memory_order_release);
}

SpanQueue::SpanQueue(std::size_t spans_max, std::size_t bytes_max)
    : spans_max_(spans_max), bytes_max_(bytes_max), slots_(std::bit_ceil(spans_max)) {}

SpanQueue::~SpanQueue() {
  while (pop()) {
  }
}

bool SpanQueue::push(std::unique_ptr<Recording> trace) {
  const std::size_t at = pushed_.traces.load(std::memory_order_relaxed);
  const std::size_t taken = popped_.traces.load(std::memory_order_acquire);
  const auto held = [&](auto side) {
    return (pushed_.*side).load(std::memory_order_relaxed) -
           (popped_.*side).load(std::memory_order_relaxed);
  };
  if (at - taken >= slots_.size()) return false;
  if (held(&Side::spans) + trace->spans().size() > spans_max_) return false;
  if (held(&Side::bytes) + trace->bytes() > bytes_max_) return false;
  const Recording& pushed = *trace;
  slots_[at & (slots_.size() - 1)] = trace.release();
  pushed_.add(pushed);
  return true;
}

std::unique_ptr<Recording> SpanQueue::pop() {
  const std::size_t at = popped_.traces.load(std::memory_order_relaxed);
  if (at == pushed_.traces.load(std::memory_order_acquire)) return nullptr;
  std::unique_ptr<Recording> trace(slots_[at & (slots_.size() - 1)]);
  popped_.add(*trace);
  return trace;
}

std::size_t SpanQueue::spans() const {
  const std::size_t popped = popped_.spans.load(std::memory_order_relaxed);
  return pushed_.spans.load(std::memory_order_relaxed) - popped;
}

}  // namespace sluice::tracing
