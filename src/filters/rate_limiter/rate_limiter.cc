// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/rate_limiter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "filters/rate_limiter/limiter.h"
#include "filters/rate_limiter/request_key.h"
#include "filters/rate_limiter/spec.h"
#include "http/withheld_trailers.h"
#include "loop/event_loop.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kPolicyField = "RateLimit-Policy";
constexpr std::string_view kLimitField = "RateLimit";

std::int64_t whole_seconds(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

// What `fields` of the spec says.
enum class Shown { refused, all, none };

// An entry of `urls`, shared by the cores.
class LimitedUrl {
 public:
  LimitedUrl(const LimitedUrlSpec& spec, StringMatcher url, const RatePolicySpec& policy,
             std::shared_ptr<Limiter> limiter)
      : methods_(spec.methods),
        url_(std::move(url)),
        key_by_(spec.key_by),
        name_(policy.name),
        policy_{policy.period, policy.timeout, policy.limit},
        limiter_(std::move(limiter)) {
    // A window is in whole seconds (draft-ietf-httpapi-ratelimit-headers).
    shown_policy_ = '"' + name_ + "\";q=" + std::to_string(policy_.limit);
    if (policy_.period % std::chrono::seconds(1) == Duration::zero())
      shown_policy_ += ";w=" + std::to_string(whole_seconds(policy_.period));
  }

  [[nodiscard]] bool matches(const http::Request& request) const {
    return (methods_.empty() || std::ranges::find(methods_, request.method) != methods_.end()) &&
           url_.matches(request.path);
  }
  [[nodiscard]] std::string key_of(const pipeline::Exchange& exchange,
                                   const http::Request& request) const {
    return key_by_ ? request_key(*key_by_, request, exchange.real_ip) : std::string();
  }
  // The header that names the key; "" if none does.
  [[nodiscard]] std::string_view key_header() const {
    return key_by_ ? std::string_view(key_by_->header) : std::string_view();
  }
  void charge(MemoryBudget* budget) const { limiter_->charge(budget); }
  [[nodiscard]] Verdict take(const std::string& key) const {
    return limiter_->take(key, policy_, Clock::now());
  }
  void give_back(const std::string& key, std::uint64_t cycle) const {
    limiter_->give_back(key, policy_, cycle, Clock::now());
  }
  void show(http::Response& response, const Verdict& verdict) const {
    for (const std::string_view name : {kPolicyField, kLimitField})
      http::withhold_trailer(response.body, name);
    response.headers.set(kPolicyField, shown_policy_);
    response.headers.set(kLimitField, '"' + name_ + "\";r=" + std::to_string(verdict.left) +
                                          ";t=" + std::to_string(whole_seconds(verdict.reset)));
  }

 private:
  std::vector<std::string> methods_;
  StringMatcher url_;
  std::optional<KeyBySpec> key_by_;
  std::string name_;
  std::string shown_policy_;
  RatePolicy policy_;
  std::shared_ptr<Limiter> limiter_;
};

struct LimiterModel {
  std::vector<LimitedUrl> urls;
  Shown shown = Shown::refused;
};

// Gives the place of a request back if its client leaves while it waits.
class WaitingPlace {
 public:
  WaitingPlace(const LimitedUrl& url, std::string key, std::uint64_t cycle)
      : url_(url), key_(std::move(key)), cycle_(cycle) {}
  ~WaitingPlace() { url_.give_back(key_, cycle_); }  // has no effect once the wait is over
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;

 private:
  const LimitedUrl& url_;
  std::string key_;
  std::uint64_t cycle_;
};

// Adds the fields to the response of the filters behind.
class ShownLimit final : public pipeline::ResponseSide {
 public:
  ShownLimit(const LimitedUrl& url, const Verdict& verdict) : url_(url), verdict_(verdict) {}
  Task<void> respond(pipeline::Exchange& exchange) override {
    if (http::Response* const response = exchange.response()) url_.show(*response, verdict_);
    co_return;
  }

 private:
  const LimitedUrl& url_;
  Verdict verdict_;
};

class RateLimiter final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "RateLimiter";
  static constexpr std::string_view kDescription =
      "Admits a number of requests a period, for all or for each user.";
  static constexpr std::array<std::string_view, 1> kResults = {"rateLimited"};

  static LimiterModel prepare(const RateLimiterSpec& spec, const pipeline::FilterContext& context,
                              config::Faults& faults);
  RateLimiter(std::shared_ptr<const LimiterModel> model, const loop::Core& core)
      : model_(std::move(model)) {
    for (const LimitedUrl& url : model_->urls) url.charge(core.loop.memory().budget());
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* const request = exchange.request();
    if (request == nullptr) co_return "";
    const auto url = std::ranges::find_if(
        model_->urls, [&](const LimitedUrl& each) { return each.matches(*request); });
    if (url == model_->urls.end()) co_return "";
    // The backend must not see another key in a twin or a trailer.
    if (!url->key_header().empty()) http::claim_field(*request, url->key_header());
    std::string key = url->key_of(exchange, *request);
    const Verdict verdict = url->take(key);
    if (!verdict.admitted) {
      refuse(exchange, *url, verdict);
      co_return kResults[0];
    }
    if (model_->shown == Shown::all)
      exchange.add_response_side(std::make_unique<ShownLimit>(*url, verdict));
    if (verdict.wait > Duration::zero()) {
      exchange.add_tag("rateLimiter: waiting duration: " + format_duration(verdict.wait));
      const WaitingPlace place(*url, std::move(key), verdict.cycle);
      co_await exchange.loop().sleep_for(verdict.wait);
    }
    co_return "";
  }

 private:
  void refuse(pipeline::Exchange& exchange, const LimitedUrl& url, const Verdict& verdict) const {
    exchange.add_tag("rateLimiter: too many requests");
    http::Response& response = exchange.gateway_response(429, http::Cause::rate_limited);
    response.headers.set("X-EG-Rate-Limiter", "too-many-requests");
    const std::int64_t seconds = std::max<std::int64_t>(whole_seconds(verdict.wait), 1);
    response.headers.set("Retry-After", std::to_string(seconds));
    if (model_->shown != Shown::none) url.show(response, verdict);
  }

  std::shared_ptr<const LimiterModel> model_;
};

// Equal for the entry of another generation that goes on with the counts.
std::string identity_of(const LimitedUrlSpec& spec, const std::string& policy) {
  LimitedUrlSpec named = spec;
  named.policy = policy;
  std::ranges::sort(named.methods);
  return config::encode(named).dump();
}

const RatePolicySpec& policy_of(const RateLimiterSpec& spec, const LimitedUrlSpec& url) {
  const std::string& name = url.policy.empty() ? spec.default_policy : url.policy;
  return *std::ranges::find(spec.policies, name, &RatePolicySpec::name);
}

LimiterModel RateLimiter::prepare(const RateLimiterSpec& spec,
                                  const pipeline::FilterContext& context, config::Faults& faults) {
  LimiterModel model;
  if (spec.shown == "all") model.shown = Shown::all;
  if (spec.shown == "none") model.shown = Shown::none;
  std::set<std::string> identities;
  for (std::size_t i = 0; i < spec.urls.size(); ++i) {
    const LimitedUrlSpec& url = spec.urls[i];
    const std::string where =
        config::join_path(context.path, "urls") + "[" + std::to_string(i) + "]";
    const RatePolicySpec& policy = policy_of(spec, url);
    const std::string identity = identity_of(url, policy.name);
    if (!identities.insert(identity).second) {
      faults.add(where, "is the same as an entry before it: leave it out");
      continue;
    }
    auto matcher = StringMatcher::build(url.url, config::join_path(where, "url"), faults);
    if (!matcher) continue;
    const std::size_t keys = url.key_by ? url.key_by->keys_max : 0;
    auto limiter =
        context.states.keep("url/" + identity, [keys] { return std::make_shared<Limiter>(keys); });
    model.urls.emplace_back(url, *std::move(matcher), policy, std::move(limiter));
  }
  return model;
}

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_rate_limiter_kind() {
  return std::make_unique<pipeline::SimpleKind<RateLimiterSpec, RateLimiter>>();
}

}  // namespace sluice::filters
