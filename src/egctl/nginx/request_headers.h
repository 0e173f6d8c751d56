// SPDX-License-Identifier: Apache-2.0
// proxy_set_header: the fields of a request to a backend.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

// Whether setHeaders has the variable too. `name`: without the dollar.
[[nodiscard]] bool is_variable(std::string_view name);

// The values of variables that are the same for all requests of a Proxy.
struct Constants {
  std::string server_name;
  std::string server_port;
  std::string proxy_host;
};

// The settings that the headers of nginx become, for a path and for its Proxy.
struct HeaderChanges {
  Json set;                // setHeaders of the path
  bool keep_host = false;  // the client's Host is passed on
  std::string host;        // another one
};
// A field whose value has no counterpart is removed, so that the client cannot set it. nullopt,
// with a note: the host has none.
[[nodiscard]] std::optional<HeaderChanges> header_changes(const std::vector<Directive>& headers,
                                                          const Constants& constants, Notes& notes);

}  // namespace sluice::egctl::nginx
