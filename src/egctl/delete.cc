// SPDX-License-Identifier: Apache-2.0
#include "egctl/delete.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/custom_data.h"
#include "egctl/files.h"
#include "egctl/json_text.h"
#include "egctl/member.h"
#include "egctl/namespace.h"
#include "egctl/resources.h"

namespace sluice::egctl {
namespace {

Result<void> ask_for_deletion(const Invocation& invocation, const std::vector<Json>& objects) {
  std::string list;
  for (const Json& spec : objects)
    list += text_at(spec, "kind") + " " + text_at(spec, "name") + "\n";
  if (objects.empty()) return {};
  return confirm(invocation, list,
                 "Delete " + std::to_string(objects.size()) +
                     (objects.size() == 1 ? " object?" : " objects?"));
}

// Deletes one after the other, and adds each to `deleted`.
Result<void> delete_specs(const ApiClient& client, const std::vector<Json>& objects,
                          std::vector<Json>& deleted) {
  for (const Json& spec : objects) {
    const std::string kind = text_at(spec, "kind");
    const std::string name = text_at(spec, "name");
    auto done = client.text({.method = "DELETE", .path = object_path(name)});
    if (!done) return failed("delete " + kind + " " + name, std::move(done).error());
    deleted.push_back({{"kind", kind}, {"name", name}, {"change", "deleted"}});
    const Json said = Json::parse(*done, nullptr, false);
    if (!said.is_object()) continue;
    if (Json users = said.value("usedBy", Json::array()); !users.empty())
      deleted.back()["usedBy"] = std::move(users);
  }
  return {};
}

// Those that still name a deleted object. The command itself may have deleted them since.
void print_users(const Invocation& invocation, const std::vector<Json>& deleted) {
  const auto is_gone = [&deleted](const Json& user) {
    return std::ranges::any_of(deleted, [&user](const Json& object) {
      return text_at(object, "name") == text_at(user, "name");
    });
  };
  for (const Json& object : deleted) {
    for (const Json& user : object.value("usedBy", Json::array())) {
      if (is_gone(user)) continue;
      invocation.err << "Warning: " << text_at(object, "name") << ": " << text_at(user, "kind")
                     << " " << text_at(user, "name") << " still names it (" << text_at(user, "path")
                     << "): clients get 503\n";
    }
  }
}

void print_deleted(const Invocation& invocation, const std::vector<Json>& deleted) {
  std::string text;
  for (const Json& object : deleted) {
    text += "delete " + text_at(object, "kind") + " " + text_at(object, "name") + " successfully\n";
  }
  invocation.print_or(Json(deleted), text);
}

Result<void> delete_of_kind(Invocation& invocation, const std::string& word,
                            const std::vector<std::string>& names, bool all,
                            const Waiting& waiting) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string kind, find_kind(invocation, client, word));
  if (is_custom(kind)) return delete_custom(invocation, kind, names, all, waiting);
  if (all == !names.empty()) {
    return invocation.misuse("delete " + kind + " wants names, or --all for every one");
  }
  if (kind != kMember) return delete_objects(invocation, kind, names, waiting);
  if (all) return invocation.misuse("delete Member wants names");
  return purge_members(invocation, names);
}

Result<void> delete_resources(Invocation& invocation, const std::string& word,
                              const std::vector<std::string>& names, bool all,
                              const Waiting& waiting, const Namespaces& namespaces) {
  SLUICE_CHECK(namespaces.check(invocation));
  SLUICE_TRY(const auto groups, named_resources(invocation, word, names));
  for (const NamedResources& group : groups)
    SLUICE_CHECK(delete_of_kind(invocation, group.kind, group.names, all, waiting));
  return {};
}

}  // namespace

Result<void> delete_objects(Invocation& invocation, std::string_view kind,
                            const std::vector<std::string>& names, const Waiting& waiting) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, kind, names));
  SLUICE_CHECK(ask_for_deletion(invocation, objects));
  std::vector<Json> deleted;
  auto done = delete_specs(client, objects, deleted);
  print_deleted(invocation, deleted);
  print_users(invocation, deleted);
  return done ? await_deletion(client, deleted, waiting, invocation.err) : done;
}

namespace {

// Those of the files, by their names.
Result<void> delete_files(Invocation& invocation, const std::vector<std::string>& files,
                          const Waiting& waiting) {
  SLUICE_TRY(const ObjectDocuments objects, read_objects(files));
  if (!objects.names.empty()) SLUICE_CHECK(delete_objects(invocation, "", objects.names, waiting));
  for (const CustomDocument& each : objects.custom)
    SLUICE_CHECK(delete_custom(invocation, each.kind, {each.name}, false, waiting));
  return {};
}

}  // namespace

void add_delete(Command root, Invocation& invocation) {
  const Command command = root.add("delete", "Delete objects by kind and name, or those of a file");
  const auto kind = std::make_shared<std::string>();
  const auto names = std::make_shared<std::vector<std::string>>();
  const auto all = std::make_shared<bool>(false);
  command.option("KIND", *kind, "httpserver, pipeline, member ...");
  command.option("NAME", *names, "names");
  command.flag("--all", *all, "every object of that kind");
  const auto files = std::make_shared<std::vector<std::string>>();
  command.option("-f,--file", *files, "the objects of a file or a folder, - for standard input")
      .repeated();
  const auto waiting = std::make_shared<Waiting>();
  add_wait_options(command, *waiting, "has deleted it");
  add_yes_option(command, invocation);
  const auto namespaces = std::make_shared<Namespaces>();
  add_namespace_options(command, *namespaces);
  command.footer("Example:\n  egctl delete httpserver http-server");
  set_action(command, invocation, [kind, names, all, files, waiting, namespaces](Invocation& s) {
    if (kind->empty() == files->empty())
      return Result<void>(s.misuse("requires a KIND, or -f FILE"));
    if (!files->empty()) return delete_files(s, *files, *waiting);
    return delete_resources(s, *kind, *names, *all, *waiting, *namespaces);
  });
}

}  // namespace sluice::egctl
