// SPDX-License-Identifier: Apache-2.0
#include "egctl/apis.h"

#include <nlohmann/json.hpp>

#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

std::string api_table(const Invocation& invocation, const Json& groups) {
  std::vector<Row> rows{{"PATH", "METHOD", "VERSION", "GROUP"}};
  for (const Json& group : groups) {
    if (!group.contains("entries")) continue;
    for (const Json& entry : group["entries"]) {
      rows.push_back(
          {text_at(entry, "path"), text_at(entry, "method"), "v2", text_at(group, "group")});
    }
  }
  return invocation.table(rows);
}

Result<void> list_apis(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const Json groups, client.json({}));
  if (invocation.format() == Output::standard) {
    invocation.out << api_table(invocation, groups);
  } else {
    invocation.print(groups);
  }
  return {};
}

std::string aliases_of(const ResourceKind& resource) {
  std::string out;
  for (const std::string& alias : resource.aliases) out += (out.empty() ? "" : ",") + alias;
  return out;
}

Result<void> list_resources(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  if (invocation.format() != Output::standard) {
    SLUICE_TRY(const Json answer, client.json({.path = "/object-api-resources"}));
    invocation.print(answer);
    return {};
  }
  SLUICE_TRY(const std::vector<ResourceKind> resources, read_resources(client));
  std::vector<Row> rows{{"NAME", "ALIASES", "CATEGORY", "KIND", "ACTION"}};
  for (const ResourceKind& resource : resources) {
    const bool member = resource.kind == kMember;
    rows.push_back({resource.name, aliases_of(resource), resource.category, resource.kind,
                    member ? "delete,get,describe" : "create,apply,delete,get,describe,edit"});
  }
  invocation.out << invocation.table(rows);
  return {};
}

}  // namespace

void add_apis(Command root, Invocation& invocation) {
  set_action(root.add("apis", "List the paths of the REST API"), invocation, list_apis);
  const Command api = root.add("api", "The REST API (older form)");
  api.group("Older forms").require_command();
  set_action(api.add("list", "List the paths of the REST API"), invocation, list_apis);
}

void add_api_resources(Command root, Invocation& invocation) {
  set_action(root.add("api-resources", "List the kinds of resources"), invocation, list_resources);
}

}  // namespace sluice::egctl
