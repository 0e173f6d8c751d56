// SPDX-License-Identifier: Apache-2.0
#include "egctl/object.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/delete.h"
#include "egctl/files.h"
#include "egctl/resources.h"
#include "egctl/send_objects.h"

namespace sluice::egctl {
namespace {

using Names = std::vector<std::string>;

Result<void> print_path(Invocation& invocation, const std::string& path) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const Json answer, client.json({.path = path}));
  invocation.print(answer);
  return {};
}

Result<void> remove(Invocation& invocation, const Names& names, const Names& files, bool all) {
  Names wanted = names;
  if (!files.empty()) {
    SLUICE_TRY(const ObjectDocuments objects, read_objects(files));
    wanted.insert(wanted.end(), objects.names.begin(), objects.names.end());
  }
  if (all == !wanted.empty()) return invocation.misuse("requires one object name to be deleted");
  return delete_objects(invocation, "", wanted);
}

void add_send(Command object, Invocation& invocation, const std::string& mode,
              const std::string& text) {
  const Command command = object.add(mode, text);
  const auto files = std::make_shared<Names>();
  const auto name = std::make_shared<std::string>();
  add_file_option(command, *files);
  if (mode == "update") command.option("NAME", *name, "of the object in the file");
  set_action(command, invocation, [files, mode, name](Invocation& s) -> Result<void> {
    SLUICE_TRY(ObjectDocuments objects, read_objects(*files));
    if (!name->empty() && objects.names != Names{*name})
      return fail(ErrorKind::invalid, "the file has another object than " + *name);
    return send_documents(s, std::move(objects), mode);
  });
}

// A command that takes a name, and prints the resource at `path` followed by the name.
void add_print_one(Command parent, Invocation& invocation, const std::string& text,
                   const std::string& path) {
  const Command command = parent.add("get", text);
  const auto name = std::make_shared<std::string>();
  command.option("NAME", *name, "name of the object").required();
  set_action(command, invocation, [name, path](Invocation& s) {
    return print_path(s, path + "/" + percent_encode(*name));
  });
}

void add_print(Command parent, Invocation& invocation, const std::string& name,
               const std::string& text, const std::string& path) {
  set_action(parent.add(name, text), invocation,
             [path](Invocation& s) { return print_path(s, path); });
}

void add_remove(Command object, Invocation& invocation) {
  const Command command = object.add("delete", "Delete objects");
  const auto names = std::make_shared<Names>();
  const auto files = std::make_shared<Names>();
  const auto all = std::make_shared<bool>(false);
  command.option("NAME", *names, "names of objects");
  add_file_option(command, *files);
  command.flag("--all", *all, "every object");
  add_yes_option(command, invocation);
  set_action(command, invocation,
             [names, files, all](Invocation& s) { return remove(s, *names, *files, *all); });
}

}  // namespace

void add_object(Command root, Invocation& invocation) {
  const Command object = root.add("object", "Objects (older form)");
  object.group("Older forms").alias("o").alias("obj").require_command();
  add_print(object, invocation, "kinds", "List the kinds of objects", "/object-kinds");
  add_print(object, invocation, "list", "Print all objects", "/objects");
  add_print_one(object, invocation, "Print an object", "/objects");
  add_send(object, invocation, "create", "Create objects from files or standard input");
  add_send(object, invocation, "update", "Update objects from files or standard input");
  add_remove(object, invocation);
  const Command status = object.add("status", "Status of objects");
  status.alias("stat").require_command();
  add_print(status, invocation, "list", "Print the status of all objects", "/status/objects");
  add_print_one(status, invocation, "Print the status of an object", "/status/objects");
}

}  // namespace sluice::egctl
