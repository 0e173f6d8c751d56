// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/proxy.h"

#include <array>
#include <random>

#include "backend/client.h"
#include "filters/proxy/pool.h"
#include "filters/proxy/spec.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kInternalError = "internalError";
constexpr std::string_view kClientError = "clientError";
constexpr std::string_view kServerError = "serverError";
constexpr std::string_view kTimeout = "timeout";
constexpr std::string_view kShortCircuited = "shortCircuited";
constexpr std::string_view kFailureCode = "failureCode";
constexpr std::array<std::string_view, 6> kResults = {
    kInternalError, kClientError, kServerError, kTimeout, kShortCircuited, kFailureCode};

struct Verdict {
  int status;
  std::string_view result;
};

Verdict blame_client(ErrorKind kind) {
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

Verdict judge(const backend::Failure& failure, TimePoint deadline) {
  if (failure.stage == backend::Stage::request_body) return blame_client(failure.error.kind);
  if (failure.error.kind == ErrorKind::timed_out && Clock::now() >= deadline)
    return {408, kTimeout};
  if (failure.stage == backend::Stage::body) return {500, kInternalError};
  return {503, kServerError};
}

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

class Proxy final : public pipeline::Filter {
 public:
  Proxy(const loop::Core& core, std::shared_ptr<MainPool> pool, Logger logger)
      : core_(core),
        pool_(std::move(pool)),
        logger_(std::move(logger)),
        balancer_(pool_->policy, pool_->header, pool_->servers, std::random_device{}()),
        client_(core.loop, pool_->servers, pool_->limits) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr)
      co_return finish(exchange, {500, kInternalError}, "there is no request");
    const auto choice = balancer_.choose(*request, exchange.real_ip);
    if (!choice) co_return finish(exchange, {503, kInternalError}, "there is no server");
    const backend::Server& server = pool_->servers[*choice];
    backend::Call call;
    call.server = *choice;
    call.host = pool_->host_for(server, request->host);
    call.body_bytes_max = pool_->body_bytes_max;
    if (pool_->timeout > Duration::zero()) call.deadline = Clock::now() + pool_->timeout;

    http::Response& response = exchange.ensure_response();
    const http::Headers earlier = response.headers;
    const auto outcome = co_await client_.exchange(call, *request, response);
    if (!outcome) {
      const backend::Failure& failure = outcome.error();
      co_return finish(exchange, judge(failure, call.deadline),
                       server.url + ": " + failure.error.message);
    }
    if (!earlier.empty()) merge_headers(earlier, response.headers);
    pool_->count(core_.index, response.status);
    if (!pool_->is_failure(response.status)) co_return "";
    exchange.add_tag(pool_->name + ": status code: " + std::to_string(response.status));
    co_return kFailureCode;
  }

 private:
  std::string_view finish(pipeline::Exchange& exchange, Verdict verdict,
                          const std::string& reason) {
    exchange.new_response().status = verdict.status;
    pool_->count(core_.index, verdict.status);
    exchange.add_tag(pool_->name + ": " + reason);
    if (logger_.enabled(LogLevel::debug)) logger_.debug(pool_->name + ": " + reason);
    return verdict.result;
  }

  const loop::Core& core_;
  std::shared_ptr<MainPool> pool_;
  Logger logger_;
  backend::Balancer balancer_;
  backend::Client client_;
};

class ProxyPrototype final : public pipeline::FilterPrototype {
 public:
  ProxyPrototype(const ProxySpec& spec, Logger logger, unsigned core_count)
      : spec_(config::encode(spec)),
        logger_(std::move(logger)),
        pool_(std::make_shared<MainPool>(spec, core_count)) {}

  Json spec() const override { return spec_; }
  Json status() const override { return {{"mainPool", pool_->status()}}; }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core,
                                                pipeline::Filter*) const override {
    return std::make_unique<Proxy>(core, pool_, logger_);
  }

 private:
  Json spec_;
  Logger logger_;
  std::shared_ptr<MainPool> pool_;
};

class ProxyKind final : public pipeline::FilterKind {
 public:
  ProxyKind(Logger logger, unsigned core_count)
      : logger_(std::move(logger)), core_count_(core_count) {}

  std::string_view name() const override { return "Proxy"; }
  std::span<const std::string_view> results() const override { return kResults; }
  std::string_view description() const override { return "Hands requests to backends."; }
  Json schema() const override { return config::schema<ProxySpec>(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    const auto spec = config::decode<ProxySpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<ProxyPrototype>(spec, logger_, core_count_);
  }

 private:
  Logger logger_;
  unsigned core_count_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_proxy_kind(Logger logger, unsigned core_count) {
  return std::make_unique<ProxyKind>(std::move(logger), core_count);
}

}  // namespace sluice::filters
