// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/web_socket_proxy.h"

#include <algorithm>
#include <array>
#include <random>

#include "base/password.h"
#include "base/text.h"
#include "filters/proxy/parts.h"
#include "filters/web_socket_proxy/origin.h"
#include "filters/web_socket_proxy/spec.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using proxy_result::kClientError;
using proxy_result::kInternalError;
constexpr std::array<std::string_view, 2> kWebSocketResults = {kInternalError, kClientError};

constexpr std::size_t kSecretBytes = 32;

struct PoolTerms {
  MessageLimits limits;
  OriginRule origins;
};

struct WebSocketModel {
  Parts parts;
  std::vector<PoolTerms> candidates;  // in the order of parts.candidates
  std::vector<PoolTerms> main;        // one
};

bool asks_for_web_socket(const http::Request& request) {
  std::string_view protocols = request.upgrade;
  while (!protocols.empty()) {
    if (http::iequals(trim_ows(take_until(protocols, ',')), "websocket")) return true;
  }
  return false;
}

std::string_view refuse(pipeline::Exchange& exchange, int status, http::Cause cause,
                        std::string tag) {
  exchange.gateway_response(status, cause);
  exchange.add_tag("webSocketProxy: " + std::move(tag));
  return kClientError;
}

class WebSocketProxy final : public pipeline::Filter {
 public:
  WebSocketProxy(const loop::Core& core, std::shared_ptr<const WebSocketModel> model,
                 const Logger& logger)
      : model_(std::move(model)),
        main_(core, model_->parts.main, logger),
        random_(std::random_device{}()) {
    for (const Parts::Candidate& candidate : model_->parts.candidates)
      candidates_.push_back(std::make_unique<PoolFilter>(core, candidate.pool, logger));
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return co_await main_.handle(exchange);
    if (!asks_for_web_socket(*request)) {
      const auto result =
          refuse(exchange, 426, http::Cause::upgrade_required, "the request asks for no WebSocket");
      exchange.response()->headers.set("Upgrade", "websocket");
      co_return result;
    }
    const std::size_t chosen = choose(*request, exchange.real_ip);
    const bool is_main = chosen == candidates_.size();
    const PoolTerms& terms = is_main ? model_->main.front() : model_->candidates[chosen];
    if (!terms.origins.allows(*request))
      co_return refuse(exchange, 403, http::Cause::origin_refused, "the origin is not allowed");
    auto end = limit_client(*request, terms.limits);
    PoolFilter& pool = is_main ? main_ : *candidates_[chosen];
    const std::string_view result = co_await pool.handle(exchange);
    if (exchange.response()->status == 101) limit_server(exchange, terms.limits, std::move(end));
    if (result.empty() || result == kClientError) co_return result;
    co_return kInternalError;
  }

 private:
  // The number of the candidate whose filter fits first; the number of all: the main pool.
  std::size_t choose(const http::Request& request, const std::string& address) {
    const auto& candidates = model_->parts.candidates;
    const auto found = std::ranges::find_if(candidates, [&](const Parts::Candidate& candidate) {
      return candidate.filter.matches(request, address, random_);
    });
    return static_cast<std::size_t>(found - candidates.begin());
  }

  std::shared_ptr<const WebSocketModel> model_;
  PoolFilter main_;
  std::vector<std::unique_ptr<PoolFilter>> candidates_;
  std::minstd_rand random_;
};

class WebSocketPrototype final : public pipeline::FilterPrototype, public pipeline::WithFigures {
 public:
  WebSocketPrototype(const WebSocketProxySpec& spec, WebSocketModel model, Logger logger)
      : spec_(config::encode(spec)),
        model_(std::make_shared<const WebSocketModel>(std::move(model))),
        logger_(std::move(logger)) {}

  Json spec() const override { return spec_; }
  Json status() const override { return model_->parts.status(); }
  void expose(const pipeline::FilterPlace& place, observe::Exposition& out) const override {
    model_->parts.expose(place, out);
  }
  void sample() const override { model_->parts.sample(); }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core) const override {
    return std::make_unique<WebSocketProxy>(core, model_, logger_);
  }

 private:
  Json spec_;
  std::shared_ptr<const WebSocketModel> model_;
  Logger logger_;
};

class WebSocketProxyKind final : public pipeline::FilterKind, public pipeline::WithFamilies {
 public:
  WebSocketProxyKind(Logger logger, unsigned core_count, std::string own_secret,
                     std::shared_ptr<backend::HealthThread> checks, bool offline) {
    services_.core_count = core_count;
    services_.health_thread =
        checks || offline ? std::move(checks) : std::make_shared<backend::HealthThread>();
    services_.logger = std::move(logger);
    services_.own_secret =
        own_secret.empty() ? random_bytes(kSecretBytes).value_or("") : std::move(own_secret);
  }

  std::string_view name() const override { return "WebSocketProxy"; }
  std::span<const std::string_view> results() const override { return kWebSocketResults; }
  std::string_view description() const override { return "Passes WebSockets on to backends."; }
  Json schema() const override { return config::schema<WebSocketProxySpec>(); }
  observe::MetricFamilies metric_families() const override { return proxy_metric_families(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    const auto spec = config::decode<WebSocketProxySpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    WebSocketModel model;
    model.parts = build_parts(spec.make(), context, services_, faults);
    if (faults.count() != faults_before) return nullptr;
    for (const WebSocketPoolSpec& pool : spec.pools) {
      auto& terms = pool.pool.filter ? model.candidates : model.main;
      terms.push_back({pool.limits, OriginRule(pool.origin_patterns, pool.insecure_skip_verify)});
    }
    return std::make_shared<WebSocketPrototype>(spec, std::move(model), services_.logger);
  }

 private:
  PoolServices services_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_web_socket_proxy_kind(
    Logger logger, unsigned core_count, std::string own_secret,
    std::shared_ptr<backend::HealthThread> checks, bool offline) {
  return std::make_unique<WebSocketProxyKind>(std::move(logger), core_count, std::move(own_secret),
                                              std::move(checks), offline);
}

}  // namespace sluice::filters
