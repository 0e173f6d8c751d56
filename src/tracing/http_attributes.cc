// SPDX-License-Identifier: Apache-2.0
#include "tracing/http_attributes.h"

#include <algorithm>
#include <array>

#include "base/host_port.h"
#include "base/text.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kOther = "_OTHER";
constexpr std::string_view kRedacted = "REDACTED";

}  // namespace

std::string_view known_method(std::string_view method) {
  constexpr std::array<std::string_view, 9> kKnown{"GET",     "POST",    "HEAD",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "PATCH", "TRACE"};
  return std::ranges::find(kKnown, method) != kKnown.end() ? method : kOther;
}

std::string span_name(std::string_view method, std::string_view route) {
  const std::string_view known = known_method(method);
  std::string name(known == kOther ? "HTTP" : known);
  if (!route.empty()) name.append(" ").append(route);
  return name;
}

void set_method(Recording& recording, Span& span, std::string_view method) {
  const std::string_view known = known_method(method);
  recording.set(span, "http.request.method", known);
  if (known == kOther) recording.set(span, "http.request.method_original", method);
}

void set_authority(Recording& recording, Span& span, std::string_view authority, bool secure) {
  const HostPort parts = split_host_port(authority);
  recording.set(span, "server.address", without_brackets(parts.host));
  if (parts.host.empty()) return;
  const std::uint16_t usual = secure ? 443 : 80;
  recording.set(span, "server.port", parse_port(parts.port().value_or("")).value_or(usual));
}

std::string redacted_query(std::string_view query) {
  constexpr std::array<std::string_view, 4> kSecrets{"AWSAccessKeyId", "Signature", "sig",
                                                     "X-Goog-Signature"};
  std::string out;
  while (!query.empty()) {
    const std::string_view pair = take_until(query, '&');
    const std::size_t equals = pair.find('=');
    const bool secret = equals != std::string_view::npos &&
                        std::ranges::find(kSecrets, pair.substr(0, equals)) != kSecrets.end();
    out += secret ? pair.substr(0, equals + 1) : pair;
    if (secret) out += kRedacted;
    if (!query.empty()) out += '&';
  }
  return out;
}

void set_status(Recording& recording, Span& span, int status, int failure) {
  recording.set(span, "http.response.status_code", status);
  if (status >= failure) set_failure(recording, span, std::to_string(status));
}

void set_failure(Recording& recording, Span& span, std::string_view error_type) {
  span.failed = true;
  recording.set(span, "error.type", error_type);
}

}  // namespace sluice::tracing
