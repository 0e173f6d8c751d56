// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool.h"

#include <nlohmann/json.hpp>

namespace sluice::filters {

using namespace proxy_result;

namespace {

constexpr std::int64_t kBodyBytesMax = 4 << 20;

// The backend's fields come after those that earlier filters set; its word on CORS replaces theirs.
void merge_headers(http::Headers earlier, http::Headers& headers) {
  for (const http::Field& field : headers) {
    constexpr std::string_view kCors = "Access-Control-";
    if (http::iequals(std::string_view(field.name).substr(0, kCors.size()), kCors)) {
      earlier.set(field.name, field.value);
    } else {
      earlier.add(field.name, field.value);
    }
  }
  headers = std::move(earlier);
}

}  // namespace

PoolPrototype::PoolPrototype(std::string name, const PoolSpec& spec, const ProxySpec& proxy,
                             const PoolServices& services, const PoolPrototype* previous)
    : name_(std::move(name)),
      timeout_(spec.timeout),
      body_bytes_max_(spec.server_max_body_size != 0 ? spec.server_max_body_size
                                                     : proxy.server_max_body_size),
      stats_(std::make_shared<PoolStats>(services.core_count)) {
  const ServerPoolContext context{.name = name_,
                                  .idle_max = proxy.max_idle_conns,
                                  .idle_per_server_max = proxy.max_idle_conns_per_host,
                                  .core_count = services.core_count,
                                  .health_thread = services.health_thread,
                                  .logger = services.logger};
  servers_ = std::make_shared<ServerPoolPrototype>(
      spec.servers, context, previous != nullptr ? previous->servers_.get() : nullptr);
  if (body_bytes_max_ == 0) body_bytes_max_ = kBodyBytesMax;
  for (const int code : spec.failure_codes) failure_codes_.set(static_cast<std::size_t>(code));
  for (std::size_t code = 500; spec.failure_codes.empty() && code < 600; ++code)
    failure_codes_.set(code);
}

Json PoolPrototype::status() const {
  return {{"stat", stats_->status()}, {"servers", servers_->status()}};
}

Pool::Pool(const loop::Core& core, std::shared_ptr<const PoolPrototype> prototype, Logger logger,
           Pool* previous)
    : core_(core),
      prototype_(std::move(prototype)),
      logger_(std::move(logger)),
      servers_(core, prototype_->servers_, previous != nullptr ? &previous->servers_ : nullptr) {}

Pool::Verdict Pool::blame_client(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return {400, kClientError};
    case ErrorKind::timed_out:
      return {408, kClientError};
    case ErrorKind::too_large:
      return {413, kClientError};
    default:
      return {499, kClientError};
  }
}

Pool::Verdict Pool::judge(const backend::Failure& failure, TimePoint deadline) {
  if (failure.stage == backend::Stage::choose) return {503, kInternalError};
  if (failure.stage == backend::Stage::request_body) return blame_client(failure.error.kind);
  if (failure.error.kind == ErrorKind::timed_out && Clock::now() >= deadline)
    return {408, kTimeout};
  if (failure.stage == backend::Stage::body) return {500, kInternalError};
  return {503, kServerError};
}

Task<std::string_view> Pool::handle(pipeline::Exchange& exchange) {
  http::Request* request = exchange.request();
  if (request == nullptr) {
    co_return finish(exchange, {500, kInternalError}, "there is no request");
  }
  Try attempt;
  attempt.client_ip = exchange.real_ip;
  attempt.body_bytes_max = prototype_->body_bytes_max_;
  if (prototype_->timeout_ > Duration::zero())
    attempt.deadline = Clock::now() + prototype_->timeout_;

  http::Response& response = exchange.ensure_response();
  const http::Headers earlier = response.headers;
  const auto outcome = co_await servers_.exchange(attempt, *request, response);
  if (!outcome) {
    co_return finish(exchange, judge(outcome.error(), attempt.deadline),
                     outcome.error().error.message);
  }
  if (!outcome->set_cookie.empty()) response.headers.add("Set-Cookie", outcome->set_cookie);
  if (!earlier.empty()) merge_headers(earlier, response.headers);
  prototype_->stats_->count(core_.index, response.status);
  const int status = response.status;
  if (status < 0 || status >= 600 ||
      !prototype_->failure_codes_.test(static_cast<std::size_t>(status))) {
    co_return "";
  }
  exchange.add_tag(prototype_->name_ + ": status code: " + std::to_string(status));
  co_return kFailureCode;
}

std::string_view Pool::finish(pipeline::Exchange& exchange, Verdict verdict,
                              const std::string& reason) {
  exchange.new_response().status = verdict.status;
  prototype_->stats_->count(core_.index, verdict.status);
  exchange.add_tag(prototype_->name_ + ": " + reason);
  if (logger_.enabled(LogLevel::debug)) logger_.debug(prototype_->name_ + ": " + reason);
  return verdict.result;
}

}  // namespace sluice::filters
