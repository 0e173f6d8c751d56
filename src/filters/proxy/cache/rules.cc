// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/rules.h"

#include <algorithm>
#include <array>

#include "http/date.h"

namespace sluice::filters {
namespace {

using std::chrono::seconds;

// The values of all fields of that name as one list.
std::string combined(const http::Headers& headers, std::string_view name) {
  std::string all;
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, name)) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

// RFC 9110 section 9.2.1.
bool is_safe(std::string_view method) {
  constexpr std::array<std::string_view, 4> kMethods = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

// Requests for a part, or on a condition that only the backend can judge, go past the cache.
bool asks_for_the_whole(const http::Request& request) {
  constexpr std::array<std::string_view, 4> kNames = {"Range", "If-Range", "If-Match",
                                                      "If-Unmodified-Since"};
  return std::ranges::none_of(kNames, [&](auto name) { return request.headers.contains(name); });
}

bool has_body(const http::Request& request) { return request.body.length().value_or(1) != 0; }

// Seconds that the response stays fresh from when its age was 0 (RFC 9111 section 4.2.1); nullopt
// if it does not say.
std::optional<std::int64_t> lifetime(const http::CacheControl& control,
                                     const http::Headers& headers, std::int64_t unix_now) {
  if (control.s_maxage) return control.s_maxage;
  if (control.max_age) return control.max_age;
  const auto expires = headers.get("Expires");
  if (!expires) return std::nullopt;
  const auto until = http::parse_date(*expires, unix_now);
  if (!until) return 0;
  const auto date = http::parse_date(headers.get("Date").value_or(""), unix_now);
  return std::min(*until - date.value_or(unix_now), http::kDeltaSecondsMax);
}

// RFC 9111 section 4.2.3, when the response has just come.
std::int64_t initial_age(const http::Headers& headers, std::int64_t unix_now) {
  std::int64_t age = 0;
  if (const auto field = headers.get("Age")) age = http::parse_delta_seconds(*field).value_or(0);
  if (const auto date = http::parse_date(headers.get("Date").value_or(""), unix_now))
    age = std::max(age, unix_now - *date);
  return std::min(age, http::kDeltaSecondsMax);
}

// False for `Vary: *`.
bool record_vary(const http::Request& request, const http::Headers& headers,
                 StoredResponse& stored) {
  bool bounded = true;
  http::for_each_element(combined(headers, "Vary"), [&](std::string_view name) {
    if (name == "*") bounded = false;
    stored.vary.emplace_back(name, combined(request.headers, name));
  });
  return bounded;
}

// What is meant for the pages of one origin must not be told those of another.
bool for_one_origin(const http::Headers& headers) {
  const auto allowed = headers.get("Access-Control-Allow-Origin");
  if (!allowed || *allowed == "*") return false;
  bool varies = false;
  http::for_each_element(combined(headers, "Vary"), [&](std::string_view name) {
    varies = varies || http::iequals(name, "Origin");
  });
  return !varies;
}

std::string_view without_weakness(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

void MemoryCacheSpec::validate(const std::string& path, config::Faults& faults) const {
  for (const int code : codes) {
    const bool part = code == 206 || code == 304;
    if (code >= 200 && code <= 599 && !part) continue;
    faults.add(config::join_path(path, "codes"),
               std::to_string(code) + (part ? " is not a whole response and cannot be kept"
                                            : " is no final status, try 200 to 599"));
  }
}

std::string cache_key(const http::Request& request) {
  std::string key = request.scheme + "://";
  std::ranges::transform(request.host, std::back_inserter(key), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return key + request.target();
}

CachePlan plan_for(const http::Request& request, const MemoryCacheSpec& spec) {
  CachePlan plan;
  plan.invalidate = !is_safe(request.method);
  const bool served =
      std::ranges::find(spec.methods, request.method) != spec.methods.end() && !has_body(request);
  if (!served || !asks_for_the_whole(request) || !request.upgrade.empty()) return plan;
  plan.control = http::parse_cache_control(request.headers);
  plan.authorized = request.headers.contains("Authorization");
  bool refresh = plan.control.no_cache;
  if (!request.headers.contains("Cache-Control"))  // RFC 9111 section 5.4
    refresh = http::iequals(request.headers.get("Pragma").value_or(""), "no-cache");
  plan.find = !refresh && !plan.control.no_store;
  // A condition may bring a 304, which is of no use to others; HEAD brings no body.
  plan.store = request.method == "GET" && !plan.control.no_store;
  return plan;
}

bool answers(const StoredResponse& stored, const http::Request& request, const CachePlan& plan,
             TimePoint now) {
  if (now >= stored.fresh_until) return false;
  if (plan.authorized && !stored.for_everyone) return false;
  if (plan.control.max_age && now - stored.born > seconds(*plan.control.max_age)) return false;
  if (plan.control.min_fresh && stored.fresh_until - now < seconds(*plan.control.min_fresh))
    return false;
  return std::ranges::all_of(stored.vary, [&](const auto& field) {
    return combined(request.headers, field.first) == field.second;
  });
}

std::shared_ptr<StoredResponse> to_store(const http::Request& request, const CachePlan& plan,
                                         const http::Response& response,
                                         const MemoryCacheSpec& spec, TimePoint now,
                                         std::int64_t unix_now) {
  if (!plan.store || response.body.is_stream()) return nullptr;
  if (std::ranges::find(spec.codes, response.status) == spec.codes.end()) return nullptr;
  if (response.body.bytes().size() > spec.max_entry_bytes) return nullptr;
  const http::Headers& headers = response.headers;
  const http::CacheControl control = http::parse_cache_control(headers);
  if (control.no_store || control.no_cache || control.is_private) return nullptr;
  if (headers.contains("Set-Cookie") && !spec.allow_set_cookie) return nullptr;
  // RFC 9111 section 3.5.
  const bool for_everyone = control.is_public || control.must_revalidate || control.s_maxage;
  if (plan.authorized && !for_everyone) return nullptr;

  if (for_one_origin(headers)) return nullptr;

  const std::int64_t age = initial_age(headers, unix_now);
  const auto told = lifetime(control, headers, unix_now);
  // A page made for who is logged in often says nothing at all.
  const bool personal = request.headers.contains("Cookie") && !spec.ignore_cookies;
  if (personal && !told && !control.is_public) return nullptr;
  Duration fresh = spec.expiration;
  if (told) fresh = std::min<Duration>(fresh, seconds(*told - age));
  if (fresh <= Duration::zero()) return nullptr;

  auto stored = std::make_shared<StoredResponse>();
  if (!record_vary(request, headers, *stored)) return nullptr;
  stored->key = cache_key(request);
  stored->status = response.status;
  stored->headers = headers;
  stored->headers.remove("Age");
  stored->body = response.body.bytes();
  if (const http::Headers* trailers = response.body.trailers()) stored->trailers = *trailers;
  stored->stored_at = now;
  stored->born = now - seconds(age);
  stored->fresh_until = now + fresh;
  stored->for_everyone = for_everyone;
  stored->measure();
  return stored;
}

bool not_modified(const http::Request& request, const StoredResponse& stored,
                  std::int64_t unix_now) {
  if (stored.status != 200) return false;
  const std::string wanted = combined(request.headers, "If-None-Match");
  if (!wanted.empty()) {
    const auto tag = stored.headers.get("ETag");
    bool found = wanted == "*";
    http::for_each_element(wanted, [&](std::string_view element) {
      found = found || (tag && without_weakness(element) == without_weakness(*tag));
    });
    return found;
  }
  const auto since = request.headers.get("If-Modified-Since");
  const auto changed = stored.headers.get("Last-Modified");
  if (!since || !changed) return false;
  const auto since_time = http::parse_date(*since, unix_now);
  const auto changed_time = http::parse_date(*changed, unix_now);
  return since_time && changed_time && *changed_time <= *since_time;
}

}  // namespace sluice::filters
