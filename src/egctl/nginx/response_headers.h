// SPDX-License-Identifier: Apache-2.0
// ResponseHeaders: what nginx changes in the fields of responses.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

struct ResponseHeaders {
  std::vector<Directive> added;     // add_header; a level with any has none of the outer ones
  std::vector<Directive> hidden;    // proxy_hide_header; likewise
  std::optional<Directive> expiry;  // expires
};

// A ResponseAdaptor that does the same; null: nothing is to be done. `proxied`: hidden fields
// count.
[[nodiscard]] Json response_adaptor(const ResponseHeaders& headers, bool proxied, Notes& notes);

}  // namespace sluice::egctl::nginx
