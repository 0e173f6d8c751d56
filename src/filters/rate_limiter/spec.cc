// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/spec.h"

#include <algorithm>
#include <set>

#include "http/headers.h"

namespace sluice::filters {

using config::join_path;

void KeyBySpec::validate(const std::string& path, config::Faults& faults) const {
  const int given = (header.empty() ? 0 : 1) + (cookie.empty() ? 0 : 1) + (address ? 1 : 0);
  if (given != 1) faults.add(path, "needs exactly one of header, cookie and address");
  if (!header.empty() && !http::is_token(header))
    faults.add(join_path(path, "header"), config::quote(header) + " is not the name of a header");
  if (!cookie.empty() && !http::is_token(cookie))
    faults.add(join_path(path, "cookie"), config::quote(cookie) + " is not the name of a cookie");
}

namespace {

void warn_of_no_path(const std::string& text, const std::string& path, config::Faults& faults) {
  if (text.empty() || text[0] == '/' || text == "*") return;
  faults.warn(path, config::quote(text) + " fits no path: each begins with /, try " +
                        config::quote("/" + text));
}

}  // namespace

void RateLimiterSpec::validate(const std::string& path, config::Faults& faults) const {
  std::set<std::string> names;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    if (names.insert(policies[i].name).second) continue;
    faults.add(join_path(path, "policies") + "[" + std::to_string(i) + "].name",
               config::quote(policies[i].name) + " is the name of another policy");
  }
  if (!default_policy.empty() && !names.contains(default_policy))
    faults.add(join_path(path, "defaultPolicyRef"),
               "there is no policy " + config::quote(default_policy));
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const std::string url = join_path(path, "urls") + "[" + std::to_string(i) + "]";
    warn_of_no_path(urls[i].url.exact, url + ".url.exact", faults);
    warn_of_no_path(urls[i].url.prefix, url + ".url.prefix", faults);
    const std::string where = url + ".policyRef";
    const std::string& policy = urls[i].policy;
    if (policy.empty()) {
      if (default_policy.empty())
        faults.add(where, "names no policy, and there is no defaultPolicyRef");
    } else if (!names.contains(policy)) {
      faults.add(where, "there is no policy " + config::quote(policy));
    }
  }
}

}  // namespace sluice::filters
