// SPDX-License-Identifier: Apache-2.0
// TrySpan: the span of one request to a backend. It does nothing if the request is not sampled.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "backend/blame.h"
#include "backend/server.h"
#include "filters/proxy/try.h"
#include "http/message.h"

namespace sluice::filters {

// Core-bound. A try that is cancelled ends its span in the destructor.
class TrySpan {
 public:
  // Begins the span, and gives its context to the request. Requires: `attempt` outlives this.
  TrySpan(Try& attempt, const std::string& name, const backend::Server& server,
          http::Request& request)
      : attempt_(attempt) {
    if (attempt.trace != nullptr) [[unlikely]]
      begin(name, server, request);
  }
  ~TrySpan() {
    if (place_) [[unlikely]]
      cancel();
  }
  TrySpan(const TrySpan&) = delete;
  TrySpan& operator=(const TrySpan&) = delete;

  // `failure`: null if the backend has responded, with `status`.
  void end(const backend::Failure* failure, int status) {
    if (place_) [[unlikely]]
      finish(failure, status);
  }

 private:
  void begin(const std::string& name, const backend::Server& server, http::Request& request);
  void finish(const backend::Failure* failure, int status);
  void cancel();
  // Takes it: nothing ends a span twice.
  [[nodiscard]] tracing::Span& take();

  Try& attempt_;
  std::optional<std::size_t> place_;
};

}  // namespace sluice::filters
