// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/commands.h"
#include "egctl/json_text.h"
#include "egctl/resources.h"

namespace sluice::egctl {
namespace {

Result<void> delete_specs(Session& session, const Client& client,
                          const std::vector<Json>& objects) {
  for (const Json& spec : objects) {
    const std::string name = text_at(spec, "name");
    const std::string what = "delete " + text_at(spec, "kind") + " " + name;
    if (auto deleted = client.text({.method = "DELETE", .path = object_path(name)}); !deleted) {
      return failed(what, std::move(deleted).error());
    }
    session.out << what << " successfully\n";
  }
  return {};
}

Result<void> delete_resources(Session& session, const std::string& word,
                              const std::vector<std::string>& names, bool all) {
  SLUICE_TRY(const Client client, session.client());
  SLUICE_TRY(const std::string kind, find_kind(client, word));
  if (all == !names.empty()) {
    return fail(ErrorKind::invalid, "delete " + kind + " wants names, or --all for every one");
  }
  if (kind != kMember) return delete_objects(session, kind, names);
  if (all) return fail(ErrorKind::invalid, "delete Member wants names");
  return purge_members(session, names);
}

}  // namespace

Result<void> delete_objects(Session& session, std::string_view kind,
                            const std::vector<std::string>& names) {
  SLUICE_TRY(const Client client, session.client());
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, kind, names));
  return delete_specs(session, client, objects);
}

void add_delete(Command root, Session& session) {
  const Command command = root.add("delete", "Delete objects by kind and name");
  const auto kind = std::make_shared<std::string>();
  const auto names = std::make_shared<std::vector<std::string>>();
  const auto all = std::make_shared<bool>(false);
  command.option("KIND", *kind, "httpserver, pipeline, member ...").required();
  command.option("NAME", *names, "names");
  command.flag("--all", *all, "every object of that kind");
  command.footer("Example:\n  egctl delete httpserver http-server");
  set_action(command, session,
             [kind, names, all](Session& s) { return delete_resources(s, *kind, *names, *all); });
}

}  // namespace sluice::egctl
