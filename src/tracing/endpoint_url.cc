// SPDX-License-Identifier: Apache-2.0
#include "tracing/endpoint_url.h"

#include "backend/server.h"
#include "http/message.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kGrpcPath =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr std::string_view kHttpPath = "/v1/traces";

struct Split {
  std::string origin;
  std::string target;  // "": the URL has no path
};

Result<Split> split(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.size(), url.find_first_of("/?", host));
  Split parts{std::string(url.substr(0, end)), std::string(url.substr(end))};
  SLUICE_CHECK(backend::parse_server_url(parts.origin));
  if (parts.target.starts_with('?')) parts.target.insert(0, "/");
  http::Request request;
  if (!parts.target.empty() && !request.set_target(parts.target))
    return fail(ErrorKind::invalid, "has a path or a query that is not valid in a URL");
  return parts;
}

}  // namespace

Result<std::string> otlp_url(std::string_view text, Protocol protocol, bool insecure,
                             bool for_traces) {
  std::string url(text);
  if (url.find("://") == std::string::npos) url.insert(0, insecure ? "http://" : "https://");
  SLUICE_TRY(Split parts, split(url));
  if (protocol == Protocol::otlp_grpc) return parts.origin + std::string(kGrpcPath);
  if (for_traces && parts.target.size() > 1) return parts.origin + parts.target;
  if (parts.target.ends_with('/')) parts.target.pop_back();
  return parts.origin + parts.target + std::string(kHttpPath);
}

Result<std::string> zipkin_url(std::string_view text) {
  SLUICE_TRY(const Split parts, split(text));
  return parts.origin + (parts.target.empty() ? "/api/v2/spans" : parts.target);
}

}  // namespace sluice::tracing
