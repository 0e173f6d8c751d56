// SPDX-License-Identifier: Apache-2.0
// RunSpan: the spans of the runs of a guest for one request. It does nothing if the request is not
// sampled.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "pipeline/exchange.h"
#include "tracing/request_trace.h"

namespace sluice::filters {

// Core-bound. A run that is cut off ends its span in the destructor.
class RunSpan {
 public:
  // Requires: `exchange` outlives this.
  explicit RunSpan(pipeline::Exchange& exchange) : exchange_(exchange) {}
  ~RunSpan() { end("cut off", true); }
  RunSpan(const RunSpan&) = delete;
  RunSpan& operator=(const RunSpan&) = delete;

  void begin() {
    if (exchange_.trace.sampled()) [[unlikely]]
      place_ =
          exchange_.trace.begin_child(exchange_.steps.size(), "run", tracing::SpanKind::internal);
  }
  // `outcome`: a literal.
  void end(std::string_view outcome, bool failed) {
    if (place_) [[unlikely]]
      finish(outcome, failed);
  }
  // Another run was faster: an event of the span of the filter.
  void note_conflict() {
    if (exchange_.trace.sampled()) [[unlikely]]
      exchange_.trace.add_event(exchange_.steps.size(), {Clock::now(), "conflict"});
  }

 private:
  void finish(std::string_view outcome, bool failed) {
    if (exchange_.trace.sampled()) {
      tracing::Recording& recording = exchange_.trace.recording();
      tracing::Span& span = recording.spans()[*place_];
      span.ended = Clock::now();
      span.failed = failed;
      recording.set(span, "sluice.run.outcome", outcome);
    }
    place_.reset();
  }

  pipeline::Exchange& exchange_;
  std::optional<std::size_t> place_;
};

}  // namespace sluice::filters
