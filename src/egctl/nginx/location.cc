// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/location.h"

#include "egctl/nginx/answers.h"

namespace sluice::egctl::nginx {

bool is_prefix(const Location& location) {
  return location.match == Location::Match::prefix ||
         location.match == Location::Match::firm_prefix;
}

void close_location(Location& location, int status) {
  location.content = {mock(status)};
  location.before.clear();
  location.fallback.clear();
  location.root.clear();
  location.tries = nullptr;
  location.closed = true;
  location.tunnel_time.reset();
  location.path.erase("rewriteTarget");
  location.path.erase("setHeaders");
}

}  // namespace sluice::egctl::nginx
