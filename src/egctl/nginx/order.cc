// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/order.h"

#include <algorithm>

#include "egctl/nginx/expressions.h"

namespace sluice::egctl::nginx {
namespace {

using Match = Location::Match;

bool has_prefix(const Location& location) { return location.path.contains("pathPrefix"); }

void close_unordered(Location& location, const std::string& why, Notes& notes) {
  notes.add(*location.place, why + ": it answers 503");
  close_location(location, kNotConverted);
}

// A prefix inside a ^~ location must stand before it, where no expression is tried yet.
bool lies_inside_firm(const Location& location, const std::vector<Location>& all) {
  return location.match == Match::prefix && std::ranges::any_of(all, [&](const Location& one) {
           return one.match == Match::firm_prefix && location.text.starts_with(one.text);
         });
}

// nginx tries the expressions inside a prefix only if it is the longest that fits.
bool hides_other(const Location& inner, const std::vector<Location>& all) {
  const Directive* around = inner.around.back();
  return std::ranges::any_of(all, [&](const Location& one) {
    if (!has_prefix(one) || one.text.size() <= inner.text.size()) return false;
    const bool beside = std::ranges::find(one.around, around) == one.around.end();
    return one.text.starts_with(inner.text) && (beside || one.match == Match::firm_prefix);
  });
}

}  // namespace

void order_locations(std::vector<Location>& locations, Notes& notes) {
  const bool any_regexp = std::ranges::any_of(
      locations, [](const Location& one) { return one.match == Match::regexp; });
  for (Location& location : locations) {
    if (location.match == Match::inner_regexp && hides_other(location, locations))
      close_unordered(location, "another location lies inside the one around it", notes);
  }
  std::vector<Location*> inside;
  for (Location& location : locations) {
    if (lies_inside_firm(location, locations)) inside.push_back(&location);
  }
  for (Location* location : inside) {
    location->match = Match::firm_prefix;
    if (any_regexp && location->directive != nullptr)
      close_unordered(*location,
                      "lies inside a ^~ location, and expressions of others may go first", notes);
  }
  std::ranges::stable_sort(locations, [](const Location& a, const Location& b) {
    if (a.match != b.match) return a.match < b.match;
    const bool by_size =
        a.match == Match::inner_regexp || a.match == Match::firm_prefix || a.match == Match::prefix;
    return by_size && a.text.size() > b.text.size();
  });
}

const Location* taker_of(const std::vector<Location>& locations, std::string_view path) {
  const auto fits = [path](const Location& location) {
    if (location.path.contains("path")) return location.path["path"].get<std::string>() == path;
    if (location.path.contains("pathRegexp"))
      return found_in(location.path["pathRegexp"].get<std::string>(), path);
    return path.starts_with(location.path["pathPrefix"].get<std::string>());
  };
  const auto found = std::ranges::find_if(locations, fits);
  return found == locations.end() ? nullptr : &*found;
}

}  // namespace sluice::egctl::nginx
