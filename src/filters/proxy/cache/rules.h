// SPDX-License-Identifier: Apache-2.0
// What a shared cache may do with requests and responses (RFC 9111). Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "filters/proxy/cache/stored.h"
#include "http/cache_control.h"
#include "http/message.h"

namespace sluice::filters {

struct MemoryCacheSpec {
  Duration expiration{};
  std::uint32_t max_entry_bytes = 0;
  std::vector<int> codes;
  std::vector<std::string> methods;
  std::uint64_t max_bytes = 64ULL << 20;
  bool allow_set_cookie = false;
  bool ignore_cookies = false;

  void fields(auto& visit) {
    visit("expiration", expiration,
          {.required = true, .min = 1, .doc = "the longest that a response is kept"});
    visit("maxEntryBytes", max_entry_bytes,
          {.required = true, .min = 1, .doc = "of a body; larger ones are not kept"});
    visit("codes", codes, {.required = true, .min = 1, .doc = "statuses that are kept"});
    visit("methods", methods,
          {.required = true, .min = 1, .one_of = {"GET", "HEAD"}, .doc = "GET, HEAD"});
    visit("maxBytes", max_bytes, {.min = 1, .doc = "of the whole cache, for all cores"});
    visit("allowSetCookie", allow_set_cookie,
          {.doc = "keep responses with Set-Cookie, for everyone"});
    visit("ignoreCookies", ignore_cookies,
          {.doc = "keep answers to requests with Cookie even if they do not say for how long"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  bool operator==(const MemoryCacheSpec& other) const = default;
};

// Scheme, host and target of the request: what a stored response is found by.
[[nodiscard]] std::string cache_key(const http::Request& request);

// What a request allows.
struct CachePlan {
  bool find = false;        // answer from the cache
  bool store = false;       // keep the response
  bool invalidate = false;  // an unsafe method: forget what is kept if it succeeds
  bool authorized = false;  // has an Authorization field
  http::CacheControl control;
};
[[nodiscard]] CachePlan plan_for(const http::Request& request, const MemoryCacheSpec& spec);

// Whether `stored` answers the request at `now`: its variant, fresh, and young enough for it.
[[nodiscard]] bool answers(const StoredResponse& stored, const http::Request& request,
                           const CachePlan& plan, TimePoint now);

// What to keep of a response whose body is whole; null if nothing. `unix_now`: seconds since 1970.
// The caller sets the stamp.
[[nodiscard]] std::shared_ptr<StoredResponse> to_store(const http::Request& request,
                                                       const CachePlan& plan,
                                                       const http::Response& response,
                                                       const MemoryCacheSpec& spec, TimePoint now,
                                                       std::int64_t unix_now);

// Whether the request asks only for something newer than `stored` (RFC 9110 section 13): then the
// answer is 304.
[[nodiscard]] bool not_modified(const http::Request& request, const StoredResponse& stored,
                                std::int64_t unix_now);

}  // namespace sluice::filters
