// SPDX-License-Identifier: Apache-2.0
// Waits until every member of a cluster runs what was applied at one of them.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"
#include "egctl/command.h"

namespace sluice::egctl {

// The options of a command that applies objects: whether, and how long, it waits.
struct Waiting {
  bool wait = true;
  std::string timeout = "30s";
};
// --wait, --wait-timeout. Requires: `waiting` outlives the tree.
void add_wait_options(Command command, Waiting& waiting);

// `applied`: the answer of the server. Returns at once if the server is not in a cluster. Error
// `invalid`: a member does not run an object, with one detail per member and object. Error
// `timed_out`: likewise, for members that may still come to run it.
[[nodiscard]] Result<void> await_members(const ApiClient& client, const Json& applied,
                                         const Waiting& waiting);

}  // namespace sluice::egctl
