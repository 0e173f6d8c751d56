// SPDX-License-Identifier: Apache-2.0
// limit_req as a RateLimiter.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

using LimitZones = std::map<std::string, const Directive*>;  // limit_req_zone, by name

void add_limit_zone(const Directive& directive, LimitZones& zones, Notes& notes);

// Of the `limit_req` of a level. nullopt: there is none that can be converted.
[[nodiscard]] std::optional<Json> rate_limiter(const std::vector<Directive>& limits,
                                               const LimitZones& zones, Notes& notes);

}  // namespace sluice::egctl::nginx
