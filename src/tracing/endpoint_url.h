// SPDX-License-Identifier: Apache-2.0
// The URLs of collectors, as configurations and OpenTelemetry's variables spell them. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tracing/settings.h"

namespace sluice::tracing {

// `text`: a URL, or host:port, which is plain HTTP if `insecure`. Over HTTP, /v1/traces is added
// to a URL without a path, and to every URL unless `for_traces`. gRPC has a path of its own. Error
// `invalid`.
[[nodiscard]] Result<std::string> otlp_url(std::string_view text, Protocol protocol, bool insecure,
                                           bool for_traces);
// Error `invalid`.
[[nodiscard]] Result<std::string> zipkin_url(std::string_view text);

// For logs and figures: without the query, which may hold a key.
[[nodiscard]] inline std::string shown_url(std::string_view url) {
  return std::string(url.substr(0, url.find('?')));
}

}  // namespace sluice::tracing
