// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/server_paths.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "egctl/nginx/answers.h"
#include "egctl/nginx/content.h"
#include "egctl/nginx/fallbacks.h"
#include "egctl/nginx/locations.h"
#include "egctl/nginx/order.h"

namespace sluice::egctl::nginx {
namespace {

bool takes_all_paths(const Location& location) {
  return location.path.value("pathPrefix", "") == "/";
}

// A path that has a location of its own is not redirected to another one, unless that lies inside
// it.
void drop_needless_slashes(std::vector<Location>& locations) {
  std::erase_if(locations, [copy = locations](const Location& slash) {
    return slash.adds_slash && std::ranges::any_of(copy, [&slash](const Location& other) {
             const bool has_path = is_prefix(other) || other.match == Location::Match::exact;
             const bool around =
                 std::ranges::find(slash.around, other.directive) != slash.around.end();
             return !other.adds_slash && has_path && !around && other.text == slash.text;
           });
  });
}

}  // namespace

std::vector<Location> locations_of(const VirtualServer& server, Surroundings around, Notes& notes) {
  Settings settings = server.settings;
  for (const Directive* one : server.conditions) {
    if (auto filter = redirect_of_if(*one, around.server_name)) {
      around.before.push_back(*std::move(filter));
    } else {
      close_for(*one, "is not converted", settings, notes);
    }
  }
  Locations locations;
  for (const Directive* one : server.rewrites)
    add_rewrite(*one, settings, around, locations, notes);
  // A `return` comes before all locations.
  if (server.answer == nullptr) {
    for (const Directive* one : server.locations)
      add_location(*one, settings, around, locations, notes);
  }
  // Without it, a request would fall to the rules of another server.
  if (std::ranges::none_of(locations.list, takes_all_paths))
    locations.list.push_back(remaining_location(server.answer, settings, around, notes));
  drop_needless_slashes(locations.list);
  order_locations(locations.list, notes);
  settle_fallbacks(locations, notes);
  if (locations.lost != nullptr) {
    for (Location& location : locations.list) close_location(location, kNotConverted);
  }
  return std::move(locations.list);
}

}  // namespace sluice::egctl::nginx
