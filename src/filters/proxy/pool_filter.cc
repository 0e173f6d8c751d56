// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool_filter.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "http/body_memory.h"
#include "http/cache_control.h"

namespace sluice::filters {

using namespace proxy_result;

namespace {

// Decides by the head: the other rules apply once the body is whole. Streams of events have no end.
bool worth_holding(const http::Response& response, const MemoryCacheSpec& spec) {
  if (std::ranges::find(spec.codes, response.status) == spec.codes.end()) return false;
  const http::CacheControl control = http::parse_cache_control(response.headers);
  // Other directives may override no-store (RFC 9213; RFC 9111 section 5.2.2.3).
  const bool no_store =
      control.no_store && !control.must_understand && spec.targeted_fields.empty();
  const std::string_view type = response.headers.get("Content-Type").value_or("");
  constexpr std::string_view kEvents = "text/event-stream";
  return !no_store && !http::iequals(type.substr(0, kEvents.size()), kEvents);
}

// The configuration that decides which responses are kept and which clients get them. A response
// kept under one policy is not used under another, so a stricter update takes effect at once.
struct CachePolicy {
  MemoryCacheSpec spec;
  std::vector<ServerSpec> servers;
  bool set_server_host;
  TlsSpec tls;
  std::uint32_t redirections_max;
  std::int64_t body_bytes_max;
  const InvalidationStamps* stamps;
  bool operator==(const CachePolicy& other) const = default;
};

}  // namespace

PoolPrototype::PoolPrototype(std::string name, const PoolSpec& spec, const ProxySpec& proxy,
                             PoolPolicies policies, const PoolServices& services,
                             const pipeline::StateScope& states)
    : name_(std::move(name)),
      timeout_(spec.timeout),
      body_bytes_max_(spec.server_max_body_size != 0 ? spec.server_max_body_size
                                                     : proxy.server_max_body_size),
      redirections_max_(proxy.max_redirection),
      policies_(std::move(policies)),
      stamps_(services.stamps),
      stats_(states.keep("stats", [&services] {
        return std::make_shared<observe::RequestStats>(services.core_count);
      })) {
  const ServerGroupContext context{.name = services.pipeline + "/" + name_,
                                   .idle_max = proxy.max_idle_conns,
                                   .idle_per_server_max = proxy.max_idle_conns_per_host,
                                   .tls = proxy.mtls,
                                   .core_count = services.core_count,
                                   .health_thread = services.health_thread,
                                   .logger = services.logger,
                                   .own_secret = services.own_secret,
                                   .span_name = spec.span_name};
  servers_ = std::make_shared<ServerGroupPrototype>(spec.servers, context, states);
  if (policies_.breaker)
    breaker_notes_ =
        std::make_unique<BreakerNotes>(context.name, context.logger, policies_.breaker);
  if (spec.memory_cache) {
    const CachePolicy policy{*spec.memory_cache,
                             spec.servers.chosen(),
                             spec.servers.set_upstream_host,
                             spec.servers.tls.value_or(proxy.mtls),
                             redirections_max_,
                             body_bytes_max_,
                             stamps_.get()};
    cache_ = states.keep("cache", policy, [&] {
      return std::make_shared<MemoryCache>(*spec.memory_cache, services.core_count, stamps_);
    });
  }
  default_failure_codes_ = spec.failure_codes.empty();
  for (const int code : spec.failure_codes) failure_codes_.set(static_cast<std::size_t>(code));
  for (std::size_t code = 500; spec.failure_codes.empty() && code < 600; ++code)
    failure_codes_.set(code);
}

Json PoolPrototype::status() const {
  Json status = {{"stat", stats_->to_json()}, {"servers", servers_->status()}};
  policies_.add_status(status);
  if (cache_) status["memoryCache"] = cache_->status();
  return status;
}

void PoolPrototype::expose(const PoolPlace& place, observe::Exposition& out) const {
  expose_pool(*stats_, policies_, place, out);
  servers_->expose(place, out);
}

PoolFilter::PoolFilter(const loop::Core& core, std::shared_ptr<const PoolPrototype> prototype,
                       Logger logger)
    : core_(core),
      prototype_(std::move(prototype)),
      logger_(std::move(logger)),
      servers_(core, prototype_->servers_),
      random_(std::random_device{}()),
      flights_(core.loop) {
  if (prototype_->cache_) prototype_->cache_->join(core);
}

Task<std::string_view> PoolFilter::handle(pipeline::Exchange& exchange) {
  http::Request* request = exchange.request();
  if (request == nullptr) return refuse(exchange);
  if (goes_no_further(*request)) return answer_last(exchange, *request);
  if (prototype_->cache_) return through_cache(exchange, *request);
  if (prototype_->stamps_ && !is_safe(request->method)) return past_cache(exchange, *request);
  return guarded(exchange, *request, nullptr);
}

Task<std::string_view> PoolFilter::refuse(pipeline::Exchange& exchange) {
  co_return finish(exchange, {500, kInternalError, http::Cause::no_request}, "there is no request");
}

Task<std::string_view> PoolFilter::answer_last(pipeline::Exchange& exchange,
                                               const http::Request& request) {
  http::Response& response = exchange.new_response();
  answer_as_last(request, response);
  count(exchange);
  exchange.add_tag(prototype_->name_ + ": Max-Forwards: 0");
  co_return "";
}

Task<std::string_view> PoolFilter::guarded(pipeline::Exchange& exchange, http::Request& request,
                                           Fill* fill) {
  resilience::CircuitBreaker* const breaker = prototype_->policies_.breaker.get();
  if (breaker == nullptr) return try_on(exchange, request, fill, nullptr);
  return under_breaker(*breaker, exchange, request, fill);
}

// Asks the circuit breaker. A request that is cancelled, or fails without a backend's fault, does
// not count for it.
Task<std::string_view> PoolFilter::under_breaker(resilience::CircuitBreaker& breaker,
                                                 pipeline::Exchange& exchange,
                                                 http::Request& request, Fill* fill) {
  auto permit = breaker.acquire(Clock::now());
  prototype_->breaker_notes_->look();
  if (!permit)
    co_return finish(exchange, {503, kShortCircuited, http::Cause::breaker_open}, "short circuited",
                     fill);
  co_return co_await try_on(exchange, request, fill, &*permit);
}

// Tries until a try succeeds or the retry policy stops.
Task<std::string_view> PoolFilter::try_on(pipeline::Exchange& exchange, http::Request& request,
                                          Fill* fill, resilience::CircuitBreaker::Permit* permit) {
  http::Response& response = exchange.ensure_response();
  const http::Headers earlier = response.headers;
  // A streamed body, and the bytes after an upgrade, can be sent only once.
  const bool once = request.body.is_stream() || request.upgraded != nullptr;
  resilience::Retry* const retry = once ? nullptr : prototype_->policies_.retry.get();
  if (retry != nullptr) retry->on_request();
  Try attempt;
  attempt.client_ip = exchange.real_ip;
  attempt.body_bytes_max = prototype_->body_bytes_max_;
  attempt.interim = exchange.interim();
  attempt.memory = exchange.memory;
  if (exchange.trace.sampled()) [[unlikely]] {
    attempt.trace = &exchange.trace;
    attempt.step = exchange.steps.size();
  } else if (exchange.trace.begun()) [[unlikely]] {
    exchange.trace.pass_on(request);
  }
  for (std::uint32_t tries = 1;; ++tries) {
    const Tried tried = co_await try_once(attempt, request, response, fill);
    const std::string_view result = tried.verdict.result;
    const bool final = result.empty() || tried.blame == backend::Blame::client || retry == nullptr;
    if (final || !retry->may_retry(tries, request.method, tried.unsent, Clock::now())) {
      if (permit != nullptr && tried.blame == backend::Blame::backend)
        finish_call(*permit, !result.empty(), attempt.client_time);
      if (fill != nullptr && tried.responded) {
        fill->set_cookie = tried.set_cookie;
        keep(request, response, *fill);
      }
      if (tried.responded) co_return accept(exchange, tried, earlier, fill);
      co_return finish(exchange, tried.verdict, tried.reason, fill);
    }
    exchange.add_tag(prototype_->name_ + ": try " + std::to_string(tries) + ": " + tried.reason);
    response.body.clear();
    co_await core_.loop.sleep_for(retry->wait_after(tries, random_));
  }
}

void PoolFilter::finish_call(resilience::CircuitBreaker::Permit& permit, bool failed,
                             Duration not_its) const {
  permit.finish(failed, Clock::now(), not_its);
  prototype_->breaker_notes_->look();
}

Task<PoolFilter::Tried> PoolFilter::try_once(Try& attempt, http::Request& request,
                                             http::Response& response, const Fill* fill) {
  if (prototype_->timeout_ > Duration::zero())
    attempt.deadline = Clock::now() + prototype_->timeout_;
  auto next = prototype_->redirections_max_ > 0 ? follow(attempt, request, response)
                                                : servers_.exchange(attempt, request, response);
  auto outcome = co_await std::move(next);
  if (outcome && fill != nullptr && fill->plan.store && response.body.may_be_held() &&
      worth_holding(response, prototype_->cache_->spec())) {
    std::shared_ptr<http::BodyCharge> charge;
    if (attempt.memory) charge = std::make_shared<http::BodyCharge>(attempt.memory);
    auto held = co_await response.body.hold(prototype_->cache_->spec().max_entry_bytes, charge);
    if (!held) {
      backend::Failure failure{backend::Stage::body, std::move(held).error()};
      outcome = std::unexpected(std::move(failure));
    }
  }
  Tried tried;
  if (!outcome) {
    tried.verdict = verdict_of(outcome.error(), Clock::now() >= attempt.deadline);
    tried.blame = backend::blame_of(outcome.error());
    tried.unsent = backend::is_unsent(outcome.error().stage);
    tried.reason = std::move(outcome).error().error.message;
    co_return tried;
  }
  tried.responded = true;
  tried.set_cookie = std::move(outcome->set_cookie);
  const int status = response.status;
  tried.verdict.status = status;
  tried.verdict.result = result_of(status);
  if (!tried.verdict.result.empty()) {
    tried.reason = prototype_->servers_->servers()[outcome->server].url +
                   ": status code: " + std::to_string(status);
    if (prototype_->default_failure_codes_ && backend::is_provoked(status))
      tried.blame = backend::Blame::client;
    attempt.failed.push_back(outcome->server);
  }
  co_return tried;
}

std::string_view PoolFilter::result_of(int status) const {
  const bool failure = status >= 0 && status < 600 &&
                       prototype_->failure_codes_.test(static_cast<std::size_t>(status));
  return failure ? kFailureCode : "";
}

// Call when the exchange has its response. Counts the sizes of bodies; for a streamed body, the
// announced size.
void PoolFilter::count(pipeline::Exchange& exchange) const {
  const http::Request* const request = exchange.request();
  const http::Response& response = *exchange.response();
  const bool bodyless = request == nullptr || request->method == "HEAD";
  prototype_->stats_->record(core_.index, response.status, Clock::now() - exchange.step_began,
                             request != nullptr ? request->body.length().value_or(0) : 0,
                             bodyless ? 0 : response.body.length().value_or(0));
}

// Makes the backend's response the response of the exchange.
std::string_view PoolFilter::accept(pipeline::Exchange& exchange, const Tried& tried,
                                    const http::Headers& earlier, const Fill* fill) {
  http::Response& response = *exchange.response();
  if (!tried.set_cookie.empty()) response.headers.add("Set-Cookie", tried.set_cookie);
  if (!earlier.empty()) merge_headers(earlier, response.headers);
  if (fill == nullptr) count(exchange);
  if (!tried.reason.empty()) exchange.add_tag(prototype_->name_ + ": " + tried.reason);
  return tried.verdict.result;
}

// Makes a response of the gateway's own the response of the exchange.
std::string_view PoolFilter::finish(pipeline::Exchange& exchange, Verdict verdict,
                                    const std::string& reason, const Fill* fill) {
  exchange.gateway_response(verdict.status, verdict.cause);
  if (fill == nullptr) count(exchange);
  exchange.add_tag(prototype_->name_ + ": " + reason);
  if (logger_.enabled(LogLevel::debug)) logger_.debug(prototype_->name_ + ": " + reason);
  return verdict.result;
}

}  // namespace sluice::filters
