// SPDX-License-Identifier: Apache-2.0
#include "backend/side_client.h"

#include <utility>

namespace sluice::backend {
namespace {

class CallCount {
 public:
  explicit CallCount(std::uint32_t& count) : count_(count) { ++count_; }
  CallCount(const CallCount&) = delete;
  CallCount& operator=(const CallCount&) = delete;
  ~CallCount() { --count_; }

 private:
  std::uint32_t& count_;
};

// The end of "http://host:port".
std::size_t end_of_origin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url.size();
  return std::min(url.size(), url.find_first_of("/?", scheme + 3));
}

}  // namespace

Result<std::shared_ptr<const SideService>> SideService::make(
    std::string_view url, std::shared_ptr<const net::TlsClientContext> tls,
    const SideLimits& limits, unsigned core_count) {
  const std::size_t end = end_of_origin(url);
  SLUICE_TRY(Server server, parse_server_url(url.substr(0, end)));
  std::string target(url.substr(end));
  if (!target.starts_with('/')) target.insert(0, "/");
  http::Request request;
  if (!request.set_target(target))
    return fail(ErrorKind::invalid, "has a path or a query that is not valid in a URL");
  const std::shared_ptr<SideService> service(new SideService());
  service->servers_ = std::make_shared<const Servers>(Servers{std::move(server)});
  service->states_.push_back(std::make_shared<ServerState>(core_count));
  service->options_.connector.tls = std::move(tls);
  service->options_.connector.connect_timeout = limits.timeout;
  service->options_.connector.handshake_timeout = limits.timeout;
  service->options_.offers_http2 = false;
  service->limits_ = limits;
  service->target_ = std::move(target);
  return service;
}

SideClient::SideClient(const loop::Core& core, std::shared_ptr<const SideService> service)
    : service_(std::move(service)),
      client_(core, service_->servers_, service_->states_, service_->options_) {}

Task<Result<http::Response>> SideClient::call(http::Request request) {
  const SideLimits& limits = service_->limits_;
  if (calls_ >= limits.calls_max)
    co_return fail(ErrorKind::unavailable, "too many calls are under way");
  const CallCount counted(calls_);
  request.host = service_->servers_->front().authority;
  (void)request.set_target(service_->target_);
  Call call;
  call.deadline = loop::EventLoop::now() + limits.timeout;
  call.body_bytes_max = limits.body_bytes_max;
  http::Response response;
  auto outcome = co_await client_.exchange(call, request, response);
  if (!outcome && limits.repeatable && outcome.error().error.kind == ErrorKind::closed) {
    response.clear();
    outcome = co_await client_.exchange(call, request, response);
  }
  if (!outcome) co_return std::unexpected(std::move(outcome.error().error));
  co_return std::move(response);
}

}  // namespace sluice::backend
