// SPDX-License-Identifier: Apache-2.0
#include "egctl/completion_words.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "egctl/arguments.h"
#include "egctl/catalog.h"
#include "egctl/custom_document.h"
#include "egctl/json_text.h"
#include "egctl/new/project.h"
#include "egctl/resources.h"
#include "egctl/settings.h"

namespace sluice::egctl {
namespace {

// The commands of `egctl wasm` that are about code, and not about shared data.
constexpr std::array<std::string_view, 3> kOfCode{"history", "rollback", "upload"};

using Words = std::vector<std::string>;

// Of each answer. A shell waits for it.
constexpr std::chrono::seconds kPatience{2};

const CLI::Option* option_of(const CLI::App& command, const std::string& word) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(word); option != nullptr)
      return option;
  }
  return nullptr;
}

// Where the cursor is in the tree of commands.
struct Cursor {
  const CLI::App* command;
  Words arguments{};          // of the command, without options
  std::string open_option{};  // the word is the value of this option
};

void note_access(AccessFlags& access, const std::string& option, const std::string& value) {
  if (option == "--server") access.server = value;
  if (option == "--ca-file") access.ca_file = value;
  if (option == "--cert-file") access.cert_file = value;
  if (option == "--key-file") access.key_file = value;
  if (option == "--force-tls") access.force_tls = true;
  if (option == "--insecure-skip-verify") access.insecure_skip_verify = true;
}

// Follows the complete words, and notes how they reach the server.
Cursor follow(const CLI::App& root, AccessFlags& access, const Words& complete) {
  Cursor cursor{&root};
  for (const std::string& word : complete) {
    if (!cursor.open_option.empty()) {
      note_access(access, std::exchange(cursor.open_option, ""), word);
    } else if (word.starts_with('-')) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const CLI::Option* option = option_of(*cursor.command, name);
      const bool wants_value = option != nullptr && option->get_expected_min() > 0;
      if (wants_value && equals == std::string::npos) cursor.open_option = name;
      note_access(access, name, equals == std::string::npos ? "" : word.substr(equals + 1));
    } else if (const auto command = find_command(*cursor.command, word);
               command && *command != nullptr) {
      cursor = {*command};
    } else {
      cursor.arguments.push_back(word);
    }
  }
  return cursor;
}

// The server, asked for names.
class Names {
 public:
  explicit Names(const Invocation& invocation) : client_(invocation.client()) {}

  [[nodiscard]] Words kinds() const {
    Words words;
    if (!client_) return words;
    const auto resources = read_resources(*client_);
    if (!resources) return words;
    for (const ResourceKind& resource : *resources) words.push_back(resource.name);
    return words;
  }
  // Of the kind that `word` names; "": of all objects.
  [[nodiscard]] Words of_kind(const std::string& word) const {
    Words words;
    if (!client_) return words;
    std::string kind;
    if (!word.empty() && word != "all") {
      const auto resources = read_resources(*client_);
      const auto found = resources ? find_kind(*resources, word)
                                   : Result<std::string>(std::unexpected(resources.error()));
      if (!found) return words;
      kind = *found;
    }
    if (kind == kMember) return members();
    if (is_custom(kind)) return custom_kinds();
    const auto objects = read_objects_of(*client_, kind, {});
    if (!objects) return words;
    for (const Json& object : *objects) words.push_back(text_at(object, "name"));
    return words;
  }
  [[nodiscard]] Words members() const {
    Words words;
    if (!client_) return words;
    const auto answer = client_->json({.path = "/status/members"});
    if (!answer || !answer->is_array()) return words;
    for (const Json& member : *answer)
      words.push_back(text_at(member.value("options", Json()), "name"));
    return words;
  }
  [[nodiscard]] Words custom_kinds() const {
    Words words;
    const auto answer = client_->json({.path = "/customdatakinds"});
    if (!answer || !answer->is_array()) return words;
    for (const Json& kind : *answer) words.push_back(text_at(kind, "name"));
    return words;
  }
  // The filters of `pipeline` with code; `with_data`: those with shared data.
  [[nodiscard]] Words guest_filters(const std::string& pipeline, bool with_data) const {
    Words words;
    if (!client_) return words;
    const auto objects = read_objects_of(*client_, "Pipeline", {pipeline});
    if (!objects) return words;
    for (const Json& filter : objects->front().value("filters", Json::array())) {
      const std::string kind = text_at(filter, "kind");
      if (kind == "WasmHost" || (kind == "ProxyWasm" && !with_data))
        words.push_back(text_at(filter, "name"));
    }
    return words;
  }

 private:
  Result<ApiClient> client_;
};

Words contexts() {
  Words words;
  const auto settings = read_settings(settings_path());
  if (!settings) return words;
  for (const SettingsContext& context : settings->contexts) words.push_back(context.name);
  return words;
}

// Of objects, filters and policies: `explain` and `schema` know them without a server.
Words kinds_with_fields(bool any_object) {
  Words words;
  const auto catalog = Catalog::open(Catalog::Use::describe);
  if (!catalog) return words;
  const control::Schemas schemas = catalog->schemas();
  for (const control::Schemas::Entry& entry : schemas.entries()) words.push_back(entry.kind);
  if (any_object) words.emplace_back("object");
  return words;
}

bool has_option(const CLI::App& command, const std::string& name) {
  return command.get_option_no_throw(name) != nullptr;
}

Words arguments_of(const Cursor& cursor, const Invocation& invocation) {
  const CLI::App& command = *cursor.command;
  const std::size_t given = cursor.arguments.size();
  if (command.get_name() == "explain" || command.get_name() == "schema")
    return given == 0 ? kinds_with_fields(command.get_name() == "schema") : Words();
  if (has_option(command, "KIND")) {
    const Names names(invocation);
    if (given > 0) return names.of_kind(cursor.arguments[0]);
    Words kinds = names.kinds();
    if (command.get_name() == "get") kinds.insert(kinds.begin(), "all");
    return kinds;
  }
  if (has_option(command, "PIPELINE") && given < 2) {
    const Names names(invocation);
    const bool of_code =
        std::ranges::find(kOfCode, std::string_view(command.get_name())) != kOfCode.end();
    return given == 0 ? names.of_kind("pipeline")
                      : names.guest_filters(cursor.arguments[0], !of_code);
  }
  if (!has_option(command, "NAME") || command.get_parent() == nullptr) return {};
  if (command.get_name() == "use-context") return contexts();
  const std::string parent = command.get_parent()->get_name();
  if (parent == "object") return Names(invocation).of_kind("");
  if (parent == "purge" || parent == "member") return Names(invocation).members();
  return {};
}

Words options_of(const CLI::App& command) {
  Words words;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_snames()) words.push_back("-" + name);
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

Words values_of(const std::string& option) {
  if (option == "--lang") return project_languages();
  if (option != "-o" && option != "--output") return {};
  return {"default", "wide", "yaml", "json", "name", std::string(kJsonPathPrefix)};
}

}  // namespace

Words words_to_complete(const CLI::App& root, Invocation& invocation, const Words& typed) {
  const std::string current = typed.empty() ? "" : typed.back();
  const Words complete(typed.begin(), typed.empty() ? typed.end() : typed.end() - 1);
  const Cursor cursor = follow(root, invocation.access, complete);
  invocation.access.reply_timeout = kPatience;
  Words words;
  if (!cursor.open_option.empty()) {
    words = values_of(cursor.open_option);
  } else if (current.starts_with('-')) {
    words = options_of(*cursor.command);
  } else {
    for (const CLI::App* command : commands_of(*cursor.command)) {
      if (!command->get_group().empty()) words.push_back(command->get_name());
    }
    std::ranges::move(arguments_of(cursor, invocation), std::back_inserter(words));
    if (words.empty()) words = options_of(*cursor.command);
  }
  // An object may have the name of a kind.
  const bool has_kind = has_option(*cursor.command, "KIND") && !cursor.arguments.empty();
  Words seen(cursor.arguments.begin() + (has_kind ? 1 : 0), cursor.arguments.end());
  std::erase_if(words, [&](const std::string& word) {
    if (word.empty() || !word.starts_with(current)) return true;
    if (std::ranges::find(seen, word) != seen.end()) return true;
    seen.push_back(word);
    return false;
  });
  return words;
}

}  // namespace sluice::egctl
