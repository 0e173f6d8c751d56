// SPDX-License-Identifier: Apache-2.0
// Objects of Sluice from the directives of nginx.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/nginx/directives.h"

namespace sluice::egctl::nginx {

struct Conversion {
  std::vector<Json> objects;          // pipelines before the servers that name them
  std::vector<std::string> warnings;  // "site.conf:3: expires: is not converted"
};

// Reads a certificate or a key, whose name the configuration has.
using ReadPem = std::function<Result<std::string>(const std::string& name)>;

// `prefix`: the HTTPServer is PREFIX, or PREFIX-PORT if there are several, and its pipelines are
// PREFIX-PATH. Error `invalid`: there is no server in it.
[[nodiscard]] Result<Conversion> convert(const std::vector<Directive>& config,
                                         const std::string& prefix, const ReadPem& read);

}  // namespace sluice::egctl::nginx
