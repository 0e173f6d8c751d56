// SPDX-License-Identifier: Apache-2.0
// The servers behind a proxy_pass: an address, or those of an upstream block.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

using Upstreams = std::map<std::string, const Directive*>;  // by name

struct Target {
  std::string scheme;  // "http" or "https"
  std::string host{};  // as written: $proxy_host
  std::string uri{};   // what replaces the location; "": nothing does
};
// Of `proxy_pass`. nullopt, with a note: a variable, a socket of Unix, or no URL.
[[nodiscard]] std::optional<Target> target_of(const Directive& directive, Notes& notes);

// The pool of a Proxy. nullopt, with a note: it would have no server.
[[nodiscard]] std::optional<Json> pool_of(const Target& target, const Upstreams& upstreams,
                                          Notes& notes);

}  // namespace sluice::egctl::nginx
