// SPDX-License-Identifier: Apache-2.0
// Attributes of OpenTelemetry's stable conventions for HTTP that spans of servers and of clients
// share. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tracing/span.h"

namespace sluice::tracing {

// The method, or "_OTHER" for one that RFC 9110 and RFC 5789 do not know.
[[nodiscard]] std::string_view known_method(std::string_view method);
// The name of a span: the method, or "HTTP" for one that is not known, and `route`, unless it is
// "".
[[nodiscard]] std::string span_name(std::string_view method, std::string_view route);
void set_method(Recording& recording, Span& span, std::string_view method);
// server.address and server.port of "host[:port]". `secure` decides a port that is not there.
void set_authority(Recording& recording, Span& span, std::string_view authority, bool secure);
// The query with the signatures that clouds put there replaced by REDACTED.
[[nodiscard]] std::string redacted_query(std::string_view query);
// http.response.status_code; a status of at least `failure` makes the span a failed one.
void set_status(Recording& recording, Span& span, int status, int failure);
// Makes the span a failed one.
void set_failure(Recording& recording, Span& span, std::string_view error_type);

}  // namespace sluice::tracing
