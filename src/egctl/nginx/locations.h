// SPDX-License-Identifier: Apache-2.0
// A location of nginx as a path of an HTTPServer and a Pipeline.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/backends.h"
#include "egctl/nginx/settings.h"

namespace sluice::egctl::nginx {

struct Location {
  enum class Match { exact, firm_prefix, prefix, regexp } match = Match::prefix;
  std::string text{};
  const Directive* directive = nullptr;
  Json path{};     // of the rules, without `backend`
  Json filters{};  // of the Pipeline, in the order of the flow
};

// The server around a location.
struct Surroundings {
  const Upstreams& upstreams;
  std::string server_name;  // the first one
  int port = 0;
};

// Of the directive `location`. nullopt, with a note: one that only nginx itself can reach.
[[nodiscard]] std::optional<Location> convert_location(const Directive& directive,
                                                       Settings settings,
                                                       const Surroundings& around, Notes& notes);
// What a server does with a request that no location takes: its `return`, its files, or 404.
[[nodiscard]] Location remaining_location(const Directive* answer, const Settings& settings,
                                          Notes& notes);
// Puts them in an order in which the first that fits is the one that nginx would take.
void order_locations(std::vector<Location>& locations, Notes& notes);

}  // namespace sluice::egctl::nginx
