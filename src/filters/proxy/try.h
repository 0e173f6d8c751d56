// SPDX-License-Identifier: Apache-2.0
// Try: what a try of a pool is given besides the request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/interim.h"
#include "tracing/request_trace.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::filters {

// The parameters of a try besides the request.
struct Try {
  std::string_view client_ip;             // Requires: valid until the try ends
  TimePoint deadline = TimePoint::max();  // of the whole exchange; of the head if the body streams
  std::int64_t body_bytes_max = 0;        // of the response, as of backend::Call
  http::InterimSink* interim = nullptr;   // gets the interim responses; may be null
  Duration client_time{};  // of the last try: the time spent waiting for bytes of the client
  std::shared_ptr<MemoryHolder> memory{};  // of the client's connection; null: uncharged
  // Servers to avoid while there is another. A failed try adds its own.
  std::vector<std::size_t> failed{};
  // The trace of the request, if it is sampled, and the filter's place in it. Null: no spans.
  tracing::RequestTrace* trace = nullptr;
  std::size_t step = 0;
  unsigned sent = 0;  // requests of this exchange so far
};

}  // namespace sluice::filters
