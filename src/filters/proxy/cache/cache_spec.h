// SPDX-License-Identifier: Apache-2.0
// The fields of `memoryCache`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/fields.h"

namespace sluice::filters {

struct MemoryCacheSpec {
  Duration expiration{};
  std::optional<Duration> default_expiration;  // none: `expiration`
  Duration stale_while_revalidate{};
  Duration stale_if_error{};
  std::uint32_t max_entry_bytes = 0;
  std::vector<int> codes;
  std::vector<std::string> methods;
  std::uint64_t max_bytes = 64ULL << 20;
  bool allow_set_cookie = false;
  bool ignore_cookies = false;
  std::vector<std::string> targeted_fields;

  void fields(auto& visit) {
    visit("expiration", expiration,
          {.required = true,
           .min = 1,
           .doc = "the longest that a response is used without asking the backend"});
    visit("defaultExpiration", default_expiration,
          {.min = 0,
           .doc = "the same for a response that does not say how long it is fresh; 0: keep only "
                  "what the backend says; not given: expiration"});
    visit("staleWhileRevalidate", stale_while_revalidate,
          {.min = 0,
           .doc = "how long a stale response is used while it is fetched anew, if it does not say "
                  "so itself"});
    visit("staleIfError", stale_if_error,
          {.min = 0,
           .doc = "how long a stale response is used in place of an error of the backend, if it "
                  "does not say so itself"});
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
    visit("targetedFields", targeted_fields,
          {.unique = true,
           .doc = "fields that take the place of Cache-Control and Expires for this cache, the "
                  "first that is valid (RFC 9213), such as CDN-Cache-Control"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  bool operator==(const MemoryCacheSpec& other) const = default;
};

}  // namespace sluice::filters
