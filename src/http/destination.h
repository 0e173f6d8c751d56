// SPDX-License-Identifier: Apache-2.0
// Destination: the parts of a request's head that are sent in place of its own. A request can so be
// sent to one server after the other, and is the same afterwards.
#pragma once

#include <string_view>

namespace sluice::http {

struct Destination {
  std::string_view host{};         // for Host or :authority; empty: the request's own
  std::string_view path_prefix{};  // percent-encoded; stands before the request's path
};

}  // namespace sluice::http
