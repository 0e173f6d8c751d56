// SPDX-License-Identifier: Apache-2.0
#include "egctl/edit.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "config/emit.h"
#include "config/encoder.h"
#include "config/value.h"
#include "egctl/custom_data.h"
#include "egctl/files.h"
#include "egctl/json_text.h"
#include "egctl/namespace.h"
#include "egctl/resources.h"
#include "egctl/wait.h"

namespace sluice::egctl {
namespace {

std::string editor() {
  for (const char* name : {"EGCTL_EDITOR", "EDITOR"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

Result<std::string> make_draft(std::string_view text) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(ignored);
  std::string path = (folder / "egctl-XXXXXX.yaml").string();
  const Descriptor made(::mkstemps(path.data(), 5));
  if (!made.is_open()) return fail(ErrorKind::invalid, "cannot make a file in " + folder.string());
  SLUICE_CHECK(write_file(path, text));
  return path;
}

Result<void> run_editor(const std::string& path) {
  const std::string command = editor() + " '" + path + "'";
  if (std::system(command.c_str()) == 0) return {};
  return fail(ErrorKind::invalid,
              "the editor failed: " + command + "; choose one with $EGCTL_EDITOR");
}

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
  SLUICE_CHECK(namespaces.check());
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string kind, find_kind(client, word));
  if (is_custom(kind)) return edit_custom(invocation, kind, name, id, waiting);
  if (!id.empty()) return fail(ErrorKind::invalid, "edit " + kind + " does not take: " + id);
  if (kind == kMember) return fail(ErrorKind::invalid, "a Member cannot be edited");
  SLUICE_TRY(const std::vector<Json> found, read_objects_of(client, kind, {name}));
  SLUICE_TRY(const Json saved,
             edit_text(invocation, kind + " " + name, config::emit_yaml(found[0]),
                       [&](const std::string& text) { return save(client, text, found[0]); }));
  return saved.is_null() ? Result<void>() : await_members(client, saved, waiting, invocation.err);
}

}  // namespace

Result<Json> edit_text(Invocation& invocation, const std::string& label, const std::string& before,
                       const SaveText& save) {
  SLUICE_TRY(const std::string path, make_draft(before));
  SLUICE_CHECK(run_editor(path));
  SLUICE_TRY(const std::string after, read_input(path));
  if (after == before) {
    ::unlink(path.c_str());
    invocation.out << "nothing changed\n";
    return Json();
  }
  auto saved = save(after);
  if (!saved) {
    Error error = refused("edit " + label, std::move(saved).error()).error();
    error.details.push_back("what you wrote is kept in " + path);
    return std::unexpected(std::move(error));
  }
  ::unlink(path.c_str());
  invocation.out << "edit " << label << " successfully\n";
  return saved;
}

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
