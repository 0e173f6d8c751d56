// SPDX-License-Identifier: Apache-2.0
#include "egctl/delete.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/json_text.h"
#include "egctl/member.h"
#include "egctl/resources.h"

namespace sluice::egctl {
namespace {

Result<void> delete_specs(Invocation& invocation, const ApiClient& client,
                          const std::vector<Json>& objects) {
  for (const Json& spec : objects) {
    const std::string name = text_at(spec, "name");
    const std::string what = "delete " + text_at(spec, "kind") + " " + name;
    if (auto deleted = client.text({.method = "DELETE", .path = object_path(name)}); !deleted) {
      return failed(what, std::move(deleted).error());
    }
    invocation.out << what << " successfully\n";
  }
  return {};
}

Result<void> delete_resources(Invocation& invocation, const std::string& word,
                              const std::vector<std::string>& names, bool all) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string kind, find_kind(client, word));
  if (all == !names.empty()) {
    return fail(ErrorKind::invalid, "delete " + kind + " wants names, or --all for every one");
  }
  if (kind != kMember) return delete_objects(invocation, kind, names);
  if (all) return fail(ErrorKind::invalid, "delete Member wants names");
  return purge_members(invocation, names);
}

}  // namespace

Result<void> delete_objects(Invocation& invocation, std::string_view kind,
                            const std::vector<std::string>& names) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, kind, names));
  return delete_specs(invocation, client, objects);
}

void add_delete(Command root, Invocation& invocation) {
  const Command command = root.add("delete", "Delete objects by kind and name");
  const auto kind = std::make_shared<std::string>();
  const auto names = std::make_shared<std::vector<std::string>>();
  const auto all = std::make_shared<bool>(false);
  command.option("KIND", *kind, "httpserver, pipeline, member ...").required();
  command.option("NAME", *names, "names");
  command.flag("--all", *all, "every object of that kind");
  command.footer("Example:\n  egctl delete httpserver http-server");
  set_action(command, invocation, [kind, names, all](Invocation& s) {
    return delete_resources(s, *kind, *names, *all);
  });
}

}  // namespace sluice::egctl
