// SPDX-License-Identifier: Apache-2.0
// Defaults: leaves out of a spec what its author need not have written.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "egctl/api_client.h"

namespace sluice::egctl {

// Reads the schemas from the server as they are needed. A kind without one keeps all its fields.
class Defaults {
 public:
  // Requires: `client` outlives this.
  explicit Defaults(const ApiClient& client) : client_(client) {}
  void leave_out(Json& spec);

 private:
  void leave_out_of(Json& spec, const std::string& kind);
  const Json& schema_at(const std::string& path);
  // The server has no path for the schema of a policy: that of this program.
  const Json& policy_schema(const std::string& kind);

  const ApiClient& client_;
  std::map<std::string, Json> schemas_;  // by path
  Json policies_;                        // by kind; null until it is needed
};

// Leaves out the members of `value` that are at the default of `schema`, or that are empty and not
// required, on every level.
void without_defaults(Json& value, const Json& schema);
// Rounds to two decimals, on every level.
void rounded(Json& value);
// Leaves out zeros, empty texts, and what holds nothing else, on every level.
void without_zeros(Json& value);

}  // namespace sluice::egctl
