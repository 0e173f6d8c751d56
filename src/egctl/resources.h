// SPDX-License-Identifier: Apache-2.0
// The kinds of resources that commands accept as an argument, and the objects of a kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

inline constexpr std::string_view kMember = "Member";

struct ResourceKind {
  std::string kind;  // "HTTPServer"
  std::string name;  // "httpserver"
  std::vector<std::string> aliases;
  std::string category;
};

// The object kinds of the server, and members.
[[nodiscard]] Result<std::vector<ResourceKind>> read_resources(const ApiClient& client);
// Finds by kind, name or alias; case does not matter.
[[nodiscard]] Result<std::string> find_kind(const std::vector<ResourceKind>& resources,
                                            std::string_view word);
// An unknown kind is wrong use.
[[nodiscard]] Result<std::string> find_kind(Invocation& invocation, const ApiClient& client,
                                            std::string_view word);

// The resources that a command names: a kind and names, or KIND/NAME for each, as `-o name` prints
// them.
struct NamedResources {
  std::string kind;  // as written
  std::vector<std::string> names;
};
// One for each kind, in order. A mixture of both forms is wrong use.
[[nodiscard]] Result<std::vector<NamedResources>> named_resources(
    Invocation& invocation, const std::string& word, const std::vector<std::string>& names);
// Likewise, for a command that takes one kind.
[[nodiscard]] Result<NamedResources> named_resources_of_kind(Invocation& invocation,
                                                             const std::string& word,
                                                             const std::vector<std::string>& names);

// The specs of all objects, or of those of one kind, sorted by name; with `names`, only of those.
// `secrets`: includes the secrets, which requires an admin. Error `not_found` ("no such Pipeline
// demo") for a name that is absent or of another kind.
[[nodiscard]] Result<std::vector<Json>> read_objects_of(const ApiClient& client,
                                                        std::string_view kind,
                                                        const std::vector<std::string>& names,
                                                        bool secrets = false);
// The answer to GET `path` about all members. While the server cannot tell of the others: what it
// knows alone, with a line on standard error that calls it `own`.
[[nodiscard]] Result<Json> all_or_own(const Invocation& invocation, const ApiClient& client,
                                      const std::string& path,
                                      std::string_view own = "what this member knows of itself");
[[nodiscard]] Result<std::vector<Json>> read_members(const Invocation& invocation,
                                                     const ApiClient& client,
                                                     const std::vector<std::string>& names);
[[nodiscard]] std::string object_path(std::string_view name);

}  // namespace sluice::egctl
