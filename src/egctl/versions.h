// SPDX-License-Identifier: Apache-2.0
// The versions of the objects on the server, for `egctl history`, `diff --version` and `undo`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"
#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

inline constexpr std::int64_t kNoVersion = -1;

// The objects that a command is about: KIND NAME..., or all.
struct ObjectChoice {
  std::string word{};  // the kind as written; "": all
  std::vector<std::string> names{};
};
// KIND and NAME. Requires: `choice` outlives the tree.
void add_object_choice(Command command, ObjectChoice& choice);
// Which objects of a list fit.
struct ChosenObjects {
  std::string kind{};  // "": all
  std::vector<std::string> names{};
  [[nodiscard]] bool has(const Json& object) const;
};
[[nodiscard]] Result<ChosenObjects> chosen_objects(Invocation& invocation, const ApiClient& client,
                                                   const ObjectChoice& choice);

// The specs as they were in that version. Error `not_found`: it is not kept.
[[nodiscard]] Result<std::vector<Json>> read_version(const ApiClient& client, std::int64_t version,
                                                     bool secrets = false);
// {version, oldest, changes}.
[[nodiscard]] Result<Json> read_history(const ApiClient& client);

void add_history(Command root, Invocation& invocation);
void add_undo(Command root, Invocation& invocation);

}  // namespace sluice::egctl
