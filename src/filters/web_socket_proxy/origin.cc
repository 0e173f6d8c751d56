// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/origin.h"

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"

namespace sluice::filters {

OriginRule::OriginRule(const std::vector<std::string>& patterns, bool any) : any_(any) {
  for (const std::string& pattern : patterns) patterns_.push_back(lower_case(pattern));
}

void OriginRule::validate(const std::vector<std::string>& patterns, const std::string& path,
                          config::Faults& faults) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!patterns[i].empty() && is_glob(patterns[i])) continue;
    faults.add(path + "[" + std::to_string(i) + "]",
               config::quote(patterns[i]) + " is no pattern of hosts, try *.example.com");
  }
}

bool OriginRule::allows(const http::Request& request) const {
  if (any_) return true;
  const std::string host = lower_case(request.host);
  return std::ranges::all_of(request.headers, [&](const http::Field& field) {
    return !http::iequals(field.name, "Origin") || allows(lower_case(field.value), host);
  });
}

bool OriginRule::allows(std::string_view origin, std::string_view host) const {
  const std::size_t scheme = origin.find("://");
  const std::string_view site =
      scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
  if (site.empty()) return false;
  if (site == host) return true;
  return std::ranges::any_of(patterns_, [&](const std::string& pattern) {
    return glob_matches(pattern, pattern.contains("://") ? origin : site);
  });
}

}  // namespace sluice::filters
