// SPDX-License-Identifier: Apache-2.0
// Waits until every member of a cluster has followed a change that was made at one of them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"
#include "egctl/command.h"

namespace sluice::egctl {

// The options of a command that changes objects: whether, and how long, it waits.
struct Waiting {
  bool wait = true;
  std::string timeout = "30s";
};
// --wait, --wait-timeout. `until`: what every member does then. Requires: `waiting` outlives the
// tree.
void add_wait_options(Command command, Waiting& waiting, const std::string& until = "runs it");

// `applied`: the answer of the server. Returns at once if the server is not in a cluster. Error
// `timed_out`: it is applied, and a member does not run an object, or not yet. One detail per
// member and object. `notes` gets a line for each member that goes meanwhile without having
// followed, the warnings of other members, and what a long wait is for.
[[nodiscard]] Result<void> await_members(const ApiClient& client, const Json& applied,
                                         const Waiting& waiting, std::ostream& notes);

// `deleted`: objects, each with name and kind. Returns at once if the server is not in a cluster.
// Error `timed_out`: members have not followed, with one detail per member and object. `notes` gets
// what a long wait is for.
[[nodiscard]] Result<void> await_deletion(const ApiClient& client, const std::vector<Json>& deleted,
                                          const Waiting& waiting, std::ostream& notes);

}  // namespace sluice::egctl
