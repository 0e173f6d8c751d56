// SPDX-License-Identifier: Apache-2.0
#include "egctl/edit.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "config/encoder.h"
#include "config/value.h"
#include "egctl/custom_data.h"
#include "egctl/editor.h"
#include "egctl/json_text.h"
#include "egctl/namespace.h"
#include "egctl/resources.h"
#include "egctl/wait.h"

namespace sluice::egctl {
namespace {

Result<void> check_identity(const std::string& text, const Json& before) {
  SLUICE_TRY(const config::Value value, config::parse_document(text));
  const Json after = config::Encoder::of(value);
  for (const char* key : {"name", "kind"}) {
    if (text_at(after, key) != text_at(before, key)) {
      return fail(ErrorKind::invalid, std::string(key) + " must stay " + text_at(before, key));
    }
  }
  return {};
}

Result<Json> save(const ApiClient& client, const std::string& text, const Json& before) {
  SLUICE_CHECK(check_identity(text, before));
  const std::string path = object_path(text_at(before, "name"));
  return client.json({.method = "PUT", .path = path, .body = text});
}

struct EditArguments {
  std::string word;
  std::string name;
  std::string id;
  Waiting waiting;
  Namespaces namespaces;
};

Result<void> edit(Invocation& invocation, const EditArguments& arguments) {
  const auto& [word, name, id, waiting, namespaces] = arguments;
  SLUICE_CHECK(namespaces.check(invocation));
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string kind, find_kind(invocation, client, word));
  if (is_custom(kind)) return edit_custom(invocation, kind, name, id, waiting);
  if (!id.empty()) return invocation.misuse("edit " + kind + " does not take: " + id);
  if (kind == kMember) return invocation.misuse("a Member cannot be edited");
  SLUICE_TRY(const std::vector<Json> found, read_objects_of(client, kind, {name}));
  SLUICE_TRY(const Json saved,
             edit_text(invocation, kind + " " + name, config::emit_yaml(found[0]),
                       [&](const std::string& text) { return save(client, text, found[0]); }));
  return saved.is_null() ? Result<void>() : await_members(client, saved, waiting, invocation.err);
}

}  // namespace

void add_edit(Command root, Invocation& invocation) {
  const Command command = root.add("edit", "Change an object in an editor");
  const auto arguments = std::make_shared<EditArguments>();
  command.option("KIND", arguments->word, "httpserver, pipeline ...").required();
  command.option("NAME", arguments->name, "name of the object").required();
  command.option("ID", arguments->id, "of an item of customdata NAME; without, all of them");
  add_wait_options(command, arguments->waiting);
  add_namespace_options(command, arguments->namespaces);
  command.footer("The editor is $EGCTL_EDITOR, else $EDITOR, else vi.");
  set_action(command, invocation, [arguments](Invocation& s) { return edit(s, *arguments); });
}

}  // namespace sluice::egctl
