// SPDX-License-Identifier: Apache-2.0
// Objects of Sluice from the directives of nginx. Whatever nginx keeps closed stays closed: what a
// directive without a counterpart stands in answers 403 or 503.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/nginx/directives.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

struct Conversion {
  std::vector<Json> objects;             // pipelines before the servers that name them
  std::vector<const Directive*> places;  // of each object; they belong to `config`
  std::vector<std::string> closed;       // the Pipelines that refuse every request
  Notes notes;
  bool has_keys = false;  // private keys are in the objects
};

// The files that a configuration names.
struct NamedFiles {
  std::function<Result<std::string>(const std::string& name)> read_pem;
  std::function<std::string(const std::string& name)> path_of;
};

// "location ~ \\.php$": the directive without its block, on one line.
[[nodiscard]] std::string line_of(const Directive& directive);

// `prefix`: the HTTPServer is PREFIX, or PREFIX-PORT if there are several, and its pipelines are
// PREFIX-PATH. Error `invalid`: there is no server in it.
[[nodiscard]] Result<Conversion> convert(const std::vector<Directive>& config,
                                         const std::string& prefix, const NamedFiles& files);

}  // namespace sluice::egctl::nginx
