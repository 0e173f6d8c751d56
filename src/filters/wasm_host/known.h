// SPDX-License-Identifier: Apache-2.0
// `known` of a WasmHost: recognizes from a request whether its user has been admitted. Immutable;
// any thread.
#pragma once

#include <string>

#include "config/fields.h"
#include "http/message.h"

namespace sluice::filters {

// The user is the first value of one header, cookie or query parameter. A user is known if the
// shared data has the key prefix + user.
struct KnownSpec {
  std::string prefix;
  std::string header;
  std::string cookie;
  std::string query;

  void fields(auto& visit) {
    visit("prefix", prefix,
          {.required = true, .min = 1, .doc = "of the keys of those let in; the user follows"});
    visit("header", header, {.doc = "whose value is the user"});
    visit("cookie", cookie, {.doc = "whose value is the user"});
    visit("query", query, {.doc = "parameter whose value is the user"});
  }
  void validate(const std::string& path, config::Faults& faults) const;

  // The key of the request's user in the shared data; "" if the request names no user.
  [[nodiscard]] std::string key_of(const http::Request& request) const;
};

}  // namespace sluice::filters
