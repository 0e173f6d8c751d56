// SPDX-License-Identifier: Apache-2.0
#include "filters/simple_http_proxy/simple_http_proxy.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/password.h"
#include "base/text.h"
#include "filters/proxy/compression.h"
#include "filters/proxy/core_share.h"
#include "filters/proxy/max_forwards.h"
#include "filters/proxy/merge.h"
#include "filters/proxy/tls_spec.h"
#include "filters/proxy/verdict.h"
#include "filters/simple_http_proxy/targets.h"
#include "observe/request_stats.h"
#include "pipeline/exchange.h"
#include "resilience/retry.h"

namespace sluice::filters {
namespace {

using proxy_result::kClientError;
using proxy_result::kInternalError;
using proxy_result::kServerError;
using proxy_result::kTimeout;
constexpr std::array<std::string_view, 4> kSimpleProxyResults = {kInternalError, kClientError,
                                                                 kServerError, kTimeout};
constexpr int kLoopDetected = 508;  // RFC 5842 section 7.2
constexpr std::size_t kPseudonymBytes = 8;

struct SimpleHttpProxySpec {
  pipeline::FilterMeta meta;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_networks;
  Duration timeout{};
  std::string retry_policy;
  std::optional<CompressionSpec> compression;
  std::uint32_t max_idle_conns = 10240;
  std::uint32_t max_idle_conns_per_host = 1024;
  std::int64_t server_max_body_size = 0;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("allowedHosts", allowed_hosts,
          {.unique = true,
           .doc = "hosts that clients may reach, as shop.example, *.shop.example or "
                  "10.0.0.1:8080; none given: every host"});
    visit("allowedNetworks", allowed_networks,
          {.unique = true,
           .doc = "addresses and CIDR prefixes where these hosts may be, beside the public ones"});
    visit("timeout", timeout,
          {.min = 0,
           .doc = "of one try: the whole exchange, or the head of a streamed response; 0: none"});
    visit("retryPolicy", retry_policy, {.doc = "a Retry of the pipeline's resilience list"});
    visit("compression", compression, {.doc = "gzip for the clients that take it"});
    visit("maxIdleConns", max_idle_conns, {.doc = "idle connections to servers"});
    visit("maxIdleConnsPerHost", max_idle_conns_per_host,
          {.doc = "idle connections to one server"});
    visit("serverMaxBodySize", server_max_body_size,
          {.doc = "bytes of a response body, which is then held whole; 0: it is streamed if it is "
                  "large; below 0: it is streamed always, and no filter gets to see it"});
  }
};

// What the cores share.
struct ForwardModel {
  SimpleHttpProxySpec spec;
  std::shared_ptr<const Destinations> allowed;
  std::shared_ptr<const net::TlsClientContext> tls;
  std::shared_ptr<resilience::Retry> retry;  // null: one try
  std::shared_ptr<observe::RequestStats> stats;
  std::string pseudonym;  // of this gateway, in Via
  unsigned core_count = 1;
};

backend::ClientOptions client_options(const ForwardModel& model) {
  backend::ClientOptions options;
  options.idle.max = core_share(model.spec.max_idle_conns, model.core_count);
  options.idle.per_server_max = core_share(model.spec.max_idle_conns_per_host, model.core_count);
  options.idle.together = std::make_shared<std::size_t>(0);
  options.connector.tls = model.tls;
  options.connector.look_ups = std::make_shared<backend::LookUpShare>(kLookUpsMax);
  options.offers_http2 = false;
  return options;
}

std::string all_values(const http::Headers& headers, std::string_view name) {
  std::string values;
  for (const auto& field : headers) {
    if (!http::iequals(field.name, name)) continue;
    if (!values.empty()) values += ", ";
    values += field.value;
  }
  return values;
}

// While this lives, the request has this gateway's Via (RFC 9110 section 7.6.3). Another filter of
// the pipeline that forwards the request gets it as it was.
class ViaScope {
 public:
  ViaScope(http::Request& request, std::string earlier, const std::string& own)
      : request_(request), earlier_(std::move(earlier)) {
    request_.headers.set("Via", earlier_.empty() ? own : earlier_ + ", " + own);
  }
  ViaScope(const ViaScope&) = delete;
  ViaScope& operator=(const ViaScope&) = delete;
  ~ViaScope() {
    request_.headers.remove("Via");
    if (!earlier_.empty()) request_.headers.set("Via", earlier_);
  }

 private:
  http::Request& request_;
  std::string earlier_;
};

class SimpleHttpProxy final : public pipeline::Filter {
 public:
  SimpleHttpProxy(const loop::Core& core, std::shared_ptr<const ForwardModel> model)
      : core_(core),
        model_(std::move(model)),
        targets_(core, model_->allowed, client_options(*model_)),
        random_(std::random_device{}()) {
    if (model_->spec.compression) compression_.emplace(core, *model_->spec.compression);
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* const request = exchange.request();
    if (request == nullptr)
      co_return finish(exchange, {500, kInternalError, http::Cause::no_request},
                       "there is no request");
    if (goes_no_further(*request)) {
      answer_as_last(*request, exchange.new_response());
      count(exchange);
      co_return "";
    }
    std::string via = all_values(request->headers, "Via");
    if (via.find(model_->pseudonym) != std::string::npos)
      co_return finish(exchange, {kLoopDetected, kClientError, http::Cause::request_loop},
                       "the request goes in a circle");
    const auto client = targets_.find(*request);
    if (!client)
      co_return finish(exchange, verdict_of_refusal(client.error()), client.error().message);
    exchange.trace.pass_on(*request);
    const ViaScope scope(*request, std::move(via), "1.1 " + model_->pseudonym);
    auto forwarded = forward(**client, exchange, *request);
    const std::string_view result = co_await std::move(forwarded);
    if (!compression_ || exchange.response() == nullptr) co_return result;
    auto compressed = compression_->apply(*request, *exchange.response(), exchange.memory);
    const bool is_compressed = co_await std::move(compressed);
    if (is_compressed) exchange.add_tag("gzip");
    co_return result;
  }

 private:
  static Verdict verdict_of_refusal(const Error& error) {
    return {error.kind == ErrorKind::forbidden ? 403 : 400, kClientError,
            http::Cause::target_refused};
  }

  // Tries until a response is there, or until the retry policy stops.
  Task<std::string_view> forward(backend::Client& client, pipeline::Exchange& exchange,
                                 http::Request& request) {
    http::Response& response = exchange.ensure_response();
    const http::Headers earlier = response.headers;
    const bool once = request.body.is_stream() || request.upgraded != nullptr;
    resilience::Retry* const retry = once ? nullptr : model_->retry.get();
    if (retry != nullptr) retry->on_request();
    backend::Call call;
    call.body_bytes_max = model_->spec.server_max_body_size;
    call.interim = exchange.interim();
    call.memory = exchange.memory;
    for (std::uint32_t tries = 1;; ++tries) {
      if (model_->spec.timeout > Duration::zero())
        call.deadline = Clock::now() + model_->spec.timeout;
      auto exchanged = client.exchange(call, request, response);
      const auto outcome = co_await std::move(exchanged);
      if (outcome) co_return accept(exchange, earlier);
      const backend::Failure& failure = outcome.error();
      const bool may_try = retry != nullptr && failure.error.kind != ErrorKind::forbidden &&
                           backend::blame_of(failure) != backend::Blame::client;
      if (!may_try || !retry->may_retry(tries, request.method, backend::is_unsent(failure.stage),
                                        Clock::now())) {
        const Verdict verdict = failure.error.kind == ErrorKind::forbidden
                                    ? verdict_of_refusal(failure.error)
                                    : verdict_of(failure, Clock::now() >= call.deadline);
        co_return finish(exchange, verdict, failure.error.message);
      }
      exchange.add_tag("simpleHTTPProxy: try " + std::to_string(tries) + ": " +
                       failure.error.message);
      response.body.clear();
      co_await core_.loop.sleep_for(retry->wait_after(tries, random_));
    }
  }

  std::string_view accept(pipeline::Exchange& exchange, const http::Headers& earlier) {
    http::Response& response = *exchange.response();
    if (!earlier.empty()) merge_headers(earlier, response.headers);
    response.headers.add("Via", "1.1 " + model_->pseudonym);
    count(exchange);
    return "";
  }

  std::string_view finish(pipeline::Exchange& exchange, Verdict verdict,
                          const std::string& reason) {
    exchange.gateway_response(verdict.status, verdict.cause);
    exchange.add_tag("simpleHTTPProxy: " + reason);
    count(exchange);
    return verdict.result;
  }

  void count(pipeline::Exchange& exchange) {
    const http::Request* const request = exchange.request();
    const http::Response& response = *exchange.response();
    const bool bodyless = request == nullptr || request->method == "HEAD";
    model_->stats->record(core_.index, response.status, Clock::now() - exchange.step_began,
                          request != nullptr ? request->body.length().value_or(0) : 0,
                          bodyless ? 0 : response.body.length().value_or(0));
  }

  const loop::Core& core_;
  const std::shared_ptr<const ForwardModel> model_;
  Targets targets_;
  std::optional<Compression> compression_;
  std::minstd_rand random_;
};

class SimpleHttpProxyPrototype final : public pipeline::FilterPrototype {
 public:
  explicit SimpleHttpProxyPrototype(ForwardModel model)
      : spec_(config::encode(model.spec)),
        model_(std::make_shared<const ForwardModel>(std::move(model))) {}

  Json spec() const override { return spec_; }
  Json status() const override {
    Json status = {{"stat", model_->stats->to_json()}};
    if (model_->retry) {
      status["retry"] = {{"retries", model_->retry->retries()},
                         {"budget", model_->retry->budget().available()}};
    }
    return status;
  }
  void sample() const override { model_->stats->sample(); }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core) const override {
    return std::make_unique<SimpleHttpProxy>(core, model_);
  }

 private:
  Json spec_;
  std::shared_ptr<const ForwardModel> model_;
};

class SimpleHttpProxyKind final : public pipeline::FilterKind {
 public:
  explicit SimpleHttpProxyKind(unsigned core_count)
      : core_count_(core_count),
        pseudonym_("sluice-" + hex_encode(random_bytes(kPseudonymBytes).value_or(""))) {}

  std::string_view name() const override { return "SimpleHTTPProxy"; }
  std::span<const std::string_view> results() const override { return kSimpleProxyResults; }
  std::string_view description() const override {
    return "Forward proxy: sends a request to the server that the client names.";
  }
  Json schema() const override { return config::schema<SimpleHttpProxySpec>(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    ForwardModel model;
    model.spec = config::decode<SimpleHttpProxySpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    model.allowed = std::make_shared<const Destinations>(Destinations::build(
        model.spec.allowed_hosts, model.spec.allowed_networks, context.path, faults));
    model.retry = make_retry(model.spec, context, faults);
    if (faults.count() != faults_before) return nullptr;
    if (model.spec.allowed_hosts.empty()) {
      faults.warn(config::join_path(context.path, "allowedHosts"),
                  "is empty: whoever reaches this pipeline reaches every public server through it");
    }
    // Reading the authorities of the system takes a second.
    model.tls = context.states.keep("tls", [] { return TlsSpec().make(false); });
    model.stats = context.states.keep(
        "stats", [this] { return std::make_shared<observe::RequestStats>(core_count_); });
    model.pseudonym = pseudonym_;
    model.core_count = core_count_;
    return std::make_shared<SimpleHttpProxyPrototype>(std::move(model));
  }

 private:
  static std::shared_ptr<resilience::Retry> make_retry(const SimpleHttpProxySpec& spec,
                                                       const pipeline::FilterContext& context,
                                                       config::Faults& faults) {
    static const resilience::Policies kNoPolicies;
    const resilience::Policies& policies =
        context.policies != nullptr ? *context.policies : kNoPolicies;
    const auto* retry =
        policies.retry(spec.retry_policy, config::join_path(context.path, "retryPolicy"), faults);
    if (retry == nullptr) return nullptr;
    return context.states.keep("retry", *retry, [retry] {
      return std::make_shared<resilience::Retry>(*retry, Clock::now());
    });
  }

  unsigned core_count_;
  std::string pseudonym_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_simple_http_proxy_kind(unsigned core_count) {
  return std::make_unique<SimpleHttpProxyKind>(core_count);
}

}  // namespace sluice::filters
