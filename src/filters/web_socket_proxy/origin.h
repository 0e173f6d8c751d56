// SPDX-License-Identifier: Apache-2.0
// The origins whose pages may open a WebSocket: a browser sends cookies with the opening request of
// any page (RFC 6455 section 10.2). Any thread.
#pragma once

#include <string>
#include <vector>

#include "config/faults.h"
#include "http/message.h"

namespace sluice::filters {

class OriginRule {
 public:
  // `patterns`: globs of host[:port], or of scheme://host[:port].
  OriginRule(const std::vector<std::string>& patterns, bool any);
  static void validate(const std::vector<std::string>& patterns, const std::string& path,
                       config::Faults& faults);

  // True if every Origin of the request is allowed: its host is the request's, or it fits a
  // pattern. A request without one is not from a page.
  [[nodiscard]] bool allows(const http::Request& request) const;

 private:
  [[nodiscard]] bool allows(std::string_view origin, std::string_view host) const;

  std::vector<std::string> patterns_;  // in lower case
  bool any_;
};

}  // namespace sluice::filters
