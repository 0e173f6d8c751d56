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

Result<void> edit(Invocation& invocation, const std::string& word, const std::string& name,
                  const Waiting& waiting, const Namespaces& namespaces) {
  SLUICE_CHECK(namespaces.check());
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string kind, find_kind(invocation, client, word));
  if (kind == kMember) return invocation.misuse("a Member cannot be edited");
  SLUICE_TRY(const std::vector<Json> found, read_objects_of(client, kind, {name}));
  const std::string before = config::emit_yaml(found[0]);
  SLUICE_TRY(const std::string path, make_draft(before));
  SLUICE_CHECK(run_editor(path));
  SLUICE_TRY(const std::string after, read_input(path));
  if (after == before) {
    ::unlink(path.c_str());
    invocation.out << "nothing changed\n";
    return {};
  }
  auto saved = save(client, after, found[0]);
  if (!saved) {
    Error error = refused("edit " + kind + " " + name, std::move(saved).error()).error();
    error.details.push_back("what you wrote is kept in " + path);
    return std::unexpected(std::move(error));
  }
  ::unlink(path.c_str());
  invocation.out << "edit " << kind << " " << name << " successfully\n";
  return await_members(client, *saved, waiting, invocation.err);
}

}  // namespace

void add_edit(Command root, Invocation& invocation) {
  const Command command = root.add("edit", "Change an object in an editor");
  const auto kind = std::make_shared<std::string>();
  const auto name = std::make_shared<std::string>();
  command.option("KIND", *kind, "httpserver, pipeline ...").required();
  command.option("NAME", *name, "name of the object").required();
  const auto waiting = std::make_shared<Waiting>();
  add_wait_options(command, *waiting);
  const auto namespaces = std::make_shared<Namespaces>();
  add_namespace_options(command, *namespaces);
  command.footer("The editor is $EGCTL_EDITOR, else $EDITOR, else vi.");
  set_action(command, invocation, [kind, name, waiting, namespaces](Invocation& s) {
    return edit(s, *kind, *name, *waiting, *namespaces);
  });
}

}  // namespace sluice::egctl
