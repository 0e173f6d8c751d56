// SPDX-License-Identifier: Apache-2.0
// Batches of spans in the forms that collectors take. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/settings.h"
#include "tracing/span.h"

namespace sluice::tracing {

// The traces of one export, and the number of their spans.
struct Batch {
  std::vector<std::unique_ptr<Recording>> traces;
  std::size_t spans = 0;
};

// An ExportTraceServiceRequest of OTLP, as protobuf.
[[nodiscard]] std::string encode_otlp(const Batch& batch, const Settings& settings);
// Returns the number of spans that the answer of a collector says it has refused; 0 if the answer
// cannot be read.
[[nodiscard]] std::size_t rejected_spans(std::string_view answer);
// A list of spans, as JSON of Zipkin's version 2.
[[nodiscard]] std::string encode_zipkin(const Batch& batch, const Settings& settings);

}  // namespace sluice::tracing
