// SPDX-License-Identifier: Apache-2.0
// Access: who may send a request, by address and by password.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

struct Access {
  std::vector<Directive> addresses;  // `allow` and `deny`, in order
  std::optional<std::string> realm;  // of auth_basic, also ""; nullopt: it is off
  std::string user_file;
  const Directive* asks = nullptr;  // the auth_basic with the realm
};

// The ipFilter of a path: null if every address may pass. nullopt: the order of the lines has no
// counterpart.
[[nodiscard]] std::optional<Json> ip_filter(const std::vector<Directive>& addresses);

// The Validator that asks for a password. Requires: a realm.
[[nodiscard]] Json validator(const Access& access);

}  // namespace sluice::egctl::nginx
