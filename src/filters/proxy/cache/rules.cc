// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "http/date.h"
#include "http/reason_phrase.h"
#include "http/targeted_field.h"

namespace sluice::filters {
namespace {

using std::chrono::seconds;

// A request with conditions that only the backend can judge bypasses the cache.
bool is_judged_here(const http::Request& request) {
  return !request.headers.contains("If-Match") && !request.headers.contains("If-Unmodified-Since");
}

bool has_body(const http::Request& request) { return request.body.length().value_or(1) != 0; }

// Returns false for `Vary: *`.
bool record_vary(const http::Request& request, StoredResponse& entry) {
  std::string names = http::combined(entry.headers, "Vary");
  if (http::list_contains(names, "*")) return false;
  // A backend that encodes its response has chosen the coding by the client's Accept-Encoding, even
  // if Vary does not name it.
  if (entry.headers.contains("Content-Encoding") && !http::list_contains(names, "Accept-Encoding"))
    names += ", Accept-Encoding";
  entry.vary.clear();
  http::for_each_element(names, [&](std::string_view name) {
    entry.vary.emplace_back(name, http::combined(request.headers, name));
  });
  return true;
}

// A response that allows one origin must not be served to the pages of another.
bool for_one_origin(const http::Headers& headers) {
  const auto allowed = headers.get("Access-Control-Allow-Origin");
  return allowed && *allowed != "*" &&
         !http::list_contains(http::combined(headers, "Vary"), "Origin");
}

// The caching directives of the response: the first valid targeted field, else Cache-Control and
// Expires (RFC 9213 section 2.2).
struct CachingDirectives {
  http::CacheControl control;
  std::optional<std::int64_t> lifetime;
};
CachingDirectives directives_of(const http::Headers& headers, const MemoryCacheSpec& spec,
                                std::int64_t unix_now) {
  for (const std::string& name : spec.targeted_fields) {
    if (!headers.contains(name)) continue;
    auto control = http::parse_targeted_field(http::combined(headers, name));
    if (!control) continue;
    const auto told = control->s_maxage ? control->s_maxage : control->max_age;
    return {*control, told};
  }
  CachingDirectives directives{http::parse_cache_control(headers), {}};
  directives.lifetime = lifetime(directives.control, headers, unix_now);
  return directives;
}

// RFC 9111 section 3: false if neither the response nor a default of the configuration allows
// storing.
bool may_keep(const http::Request& request, const CachePlan& plan,
              const CachingDirectives& directives, const MemoryCacheSpec& spec,
              const StoredResponse& entry) {
  const http::CacheControl& control = directives.control;
  if (std::ranges::find(spec.codes, entry.status) == spec.codes.end()) return false;
  if (entry.body->size() > spec.max_entry_bytes) return false;
  // RFC 9111 section 5.2.2.3.
  const bool understood = !http::reason_phrase(entry.status).empty();
  if (control.must_understand ? !understood : control.no_store) return false;
  if (control.is_private || for_one_origin(entry.headers)) return false;
  if (entry.headers.contains("Set-Cookie") && !spec.allow_set_cookie) return false;
  if (plan.authorized && !entry.for_everyone) return false;
  if (directives.lifetime || control.is_public) return true;
  // A page made for a logged-in user often has no caching directive.
  if (request.headers.contains("Cookie") && !spec.ignore_cookies) return false;
  return spec.default_expiration.value_or(spec.expiration) > Duration::zero() ||
         heuristically_cacheable(entry.status);
}

Duration capped(Duration value) {
  return std::min<Duration>(value, seconds(http::kDeltaSecondsMax));
}

void set_times(const CachingDirectives& directives, const MemoryCacheSpec& spec,
               const ArrivalTime& arrival, StoredResponse& entry) {
  const http::CacheControl& control = directives.control;
  const std::int64_t age = initial_age(entry.headers, arrival);
  const Duration fresh =
      directives.lifetime
          ? std::min<Duration>(spec.expiration, seconds(*directives.lifetime - age))
          : std::min(spec.expiration, spec.default_expiration.value_or(spec.expiration));
  const auto window = [](const std::optional<std::int64_t>& told, Duration by_default) {
    return told ? Duration(seconds(*told)) : capped(by_default);
  };
  entry.stored_at = arrival.now;
  entry.born = arrival.now - seconds(age);
  entry.fresh_until = arrival.now + capped(fresh);
  entry.revalidate_until =
      entry.fresh_until + window(control.stale_while_revalidate, spec.stale_while_revalidate);
  entry.error_until = entry.fresh_until + window(control.stale_if_error, spec.stale_if_error);
}

// Whether the entry could answer any request.
bool is_useful(const StoredResponse& entry, TimePoint now) {
  if (entry.has_validator()) return true;
  if (entry.always_validate) return false;
  return now < entry.fresh_until ||
         (!entry.never_stale && now < std::max(entry.revalidate_until, entry.error_until));
}

}  // namespace

std::string cache_key(const http::Request& request) { return cache_key(request, request.target()); }

std::string cache_key(const http::Request& request, std::string_view target) {
  std::string key = request.scheme + "://";
  std::ranges::transform(request.host, std::back_inserter(key), to_lower);
  return key.append(target);
}

bool is_safe(std::string_view method) {
  constexpr std::array<std::string_view, 4> kMethods = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

CachePlan plan_for(const http::Request& request, const MemoryCacheSpec& spec) {
  CachePlan plan;
  plan.invalidate = !is_safe(request.method);
  const bool served =
      std::ranges::find(spec.methods, request.method) != spec.methods.end() && !has_body(request);
  if (!served || !is_judged_here(request) || !request.upgrade.empty()) return plan;
  plan.control = http::parse_cache_control(request.headers);
  plan.authorized = request.headers.contains("Authorization");
  plan.refresh = plan.control.no_cache;
  if (!request.headers.contains("Cache-Control"))  // RFC 9111 section 5.4
    plan.refresh = http::list_contains(http::combined(request.headers, "Pragma"), "no-cache");
  plan.find = !plan.control.no_store;
  // The cache does not store parts, and a response to HEAD has no body.
  plan.store =
      request.method == "GET" && !plan.control.no_store && !request.headers.contains("Range");
  return plan;
}

Use use_of(const StoredResponse& stored, const http::Request& request, const CachePlan& plan,
           TimePoint now) {
  if (plan.authorized && !stored.for_everyone) return Use::none;
  const bool selected = std::ranges::all_of(stored.vary, [&](const auto& field) {
    return http::combined(request.headers, field.first) == field.second;
  });
  if (!selected) return Use::none;
  const http::CacheControl& control = plan.control;
  if (plan.refresh || stored.always_validate) return Use::validate;
  if (control.max_age && now - stored.born > seconds(*control.max_age)) return Use::validate;
  if (control.min_fresh && stored.fresh_until - now < seconds(*control.min_fresh))
    return Use::validate;
  if (now < stored.fresh_until) return Use::answer;
  if (stored.never_stale) return Use::validate;
  if (control.max_stale && now - stored.fresh_until <= seconds(*control.max_stale))
    return Use::answer;
  return now < stored.revalidate_until ? Use::answer_late : Use::validate;
}

bool stands_in_for_error(const StoredResponse& stored, const CachePlan& plan, TimePoint now) {
  constexpr int kServerErrors = 500;
  if (plan.refresh || stored.never_stale || stored.status >= kServerErrors) return false;
  if (plan.control.max_age && now - stored.born > seconds(*plan.control.max_age)) return false;
  TimePoint until = stored.error_until;
  if (plan.control.stale_if_error)
    until = std::max(until, stored.fresh_until + seconds(*plan.control.stale_if_error));
  return now < until;
}

std::shared_ptr<StoredResponse> to_store(const http::Request& request, const CachePlan& plan,
                                         const http::Response& response,
                                         const MemoryCacheSpec& spec, const ArrivalTime& arrival) {
  if (!plan.store || response.body.is_stream()) return nullptr;
  if (std::ranges::find(spec.codes, response.status) == spec.codes.end()) return nullptr;
  if (response.body.bytes().size() > spec.max_entry_bytes) return nullptr;
  auto entry = std::make_shared<StoredResponse>();
  entry->status = response.status;
  entry->headers = response.headers;
  entry->body = std::make_shared<const std::string>(response.body.bytes());
  if (const http::Headers* trailers = response.body.trailers()) entry->trailers = *trailers;
  return settle(request, plan, spec, arrival, *entry) ? entry : nullptr;
}

bool settle(const http::Request& request, const CachePlan& plan, const MemoryCacheSpec& spec,
            const ArrivalTime& arrival, StoredResponse& entry) {
  const CachingDirectives directives = directives_of(entry.headers, spec, arrival.unix_now);
  const http::CacheControl& control = directives.control;
  set_times(directives, spec, arrival, entry);
  entry.key = cache_key(request);
  entry.always_validate = control.no_cache;
  // RFC 9111 sections 4.2.4, 5.2.2.10.
  entry.never_stale = control.must_revalidate || control.proxy_revalidate || control.no_cache ||
                      control.s_maxage.has_value();
  // RFC 9111 section 3.5.
  entry.for_everyone = control.is_public || control.must_revalidate || control.s_maxage;
  entry.headers.remove("Age");
  // RFC 9110 section 6.6.1.
  if (!entry.headers.contains("Date"))
    entry.headers.add("Date", http::format_date(arrival.unix_now));
  const bool varies = record_vary(request, entry);
  const bool keep =
      varies && is_useful(entry, arrival.now) && may_keep(request, plan, directives, spec, entry);
  entry.measure();
  return keep;
}

}  // namespace sluice::filters
