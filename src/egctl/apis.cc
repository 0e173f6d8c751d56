// SPDX-License-Identifier: Apache-2.0
// `egctl apis`, and its older form `egctl api list`.
#include <nlohmann/json.hpp>

#include "egctl/commands.h"
#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

std::string api_table(const Json& groups) {
  std::vector<Row> rows{{"PATH", "METHOD", "VERSION", "GROUP"}};
  for (const Json& group : groups) {
    if (!group.contains("entries")) continue;
    for (const Json& entry : group["entries"]) {
      rows.push_back(
          {text_at(entry, "path"), text_at(entry, "method"), "v2", text_at(group, "group")});
    }
  }
  return format_table(rows);
}

Result<void> list_apis(Session& session) {
  SLUICE_TRY(const Client client, session.client());
  SLUICE_TRY(const Json groups, client.json({}));
  if (session.format() == Output::standard) {
    session.out << api_table(groups);
  } else {
    session.print(groups);
  }
  return {};
}

std::string aliases_of(const Resource& resource) {
  std::string out;
  for (const std::string& alias : resource.aliases) out += (out.empty() ? "" : ",") + alias;
  return out;
}

Result<void> list_resources(Session& session) {
  SLUICE_TRY(const Client client, session.client());
  if (session.format() != Output::standard) {
    SLUICE_TRY(const Json answer, client.json({.path = "/object-api-resources"}));
    session.print(answer);
    return {};
  }
  SLUICE_TRY(const std::vector<Resource> resources, read_resources(client));
  std::vector<Row> rows{{"NAME", "ALIASES", "CATEGORY", "KIND", "ACTION"}};
  for (const Resource& resource : resources) {
    const bool member = resource.kind == kMember;
    rows.push_back({resource.name, aliases_of(resource), resource.category, resource.kind,
                    member ? "delete,get,describe" : "create,apply,delete,get,describe,edit"});
  }
  session.out << format_table(rows);
  return {};
}

}  // namespace

void add_apis(Command root, Session& session) {
  set_action(root.add("apis", "List the paths of the REST API"), session, list_apis);
  const Command api = root.add("api", "The REST API (older form)");
  api.group("Older forms").require_command();
  set_action(api.add("list", "List the paths of the REST API"), session, list_apis);
}

void add_api_resources(Command root, Session& session) {
  set_action(root.add("api-resources", "List the kinds of resources"), session, list_resources);
}

}  // namespace sluice::egctl
