// SPDX-License-Identifier: Apache-2.0
#include "egctl/diff.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "egctl/defaults.h"
#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/send_objects.h"
#include "egctl/unified_diff.h"
#include "egctl/versions.h"

namespace sluice::egctl {
namespace {

std::string yaml_of(const Json& spec) { return spec.is_null() ? "" : config::emit_yaml(spec); }

// "" if an apply would change nothing. Secrets are redacted on both sides.
std::string diff_of(const Json& one, Defaults& defaults) {
  if (text_at(one, "change") == "unchanged") return "";
  const std::string object = text_at(one, "kind") + " " + text_at(one, "name");
  const Json before = one.value("before", Json());
  Json after = one.value("spec", Json());
  if (before.is_null()) defaults.leave_out(after);
  std::string text = unified_diff(yaml_of(before), yaml_of(after),
                                  before.is_null() ? "/dev/null" : object + " on the server",
                                  object + " of the file");
  if (text.empty()) text = object + " differs in what is not shown: a secret, or code\n";
  return text;
}

Result<void> show_differences(Invocation& invocation, const std::vector<std::string>& files) {
  SLUICE_TRY(ObjectDocuments objects, read_objects(files));
  SLUICE_TRY(const Json previews, ask_for_preview(invocation, std::move(objects), "apply"));
  SLUICE_TRY(const ApiClient client, invocation.client());
  Defaults defaults(client);
  std::string text;
  for (const Json& one : previews) {
    text += diff_of(one, defaults);
    print_warnings(invocation, one);
  }
  invocation.differs = !text.empty();
  invocation.print_or(previews, text);
  return {};
}

std::map<std::string, Json> by_name(std::vector<Json> objects, const ChosenObjects& chosen) {
  std::map<std::string, Json> all;
  for (Json& object : objects) {
    if (!chosen.has(object)) continue;
    object.erase("createdAt");
    all.emplace(text_at(object, "name"), std::move(object));
  }
  return all;
}

// `then` and `now`: the same object; null: it is not there.
std::string diff_since(const Json& then, const Json& now, const std::string& version,
                       Defaults& defaults) {
  const Json& there = now.is_null() ? then : now;
  const std::string object = text_at(there, "kind") + " " + text_at(there, "name");
  Json before = then;
  Json after = now;
  if (then.is_null()) defaults.leave_out(after);
  if (now.is_null()) defaults.leave_out(before);
  return unified_diff(yaml_of(before), yaml_of(after),
                      then.is_null() ? "/dev/null" : object + " of version " + version,
                      now.is_null() ? "/dev/null" : object + " on the server");
}

// A secret that has changed is not shown, and the history tells that its object has.
Result<void> show_since(Invocation& invocation, std::int64_t version, const ObjectChoice& choice) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const ChosenObjects chosen, chosen_objects(invocation, client, choice));
  SLUICE_TRY(std::vector<Json> was, read_version(client, version));
  SLUICE_TRY(std::vector<Json> is, read_objects_of(client, "", {}));
  const auto then = by_name(std::move(was), chosen);
  auto now = by_name(std::move(is), chosen);
  for (const auto& [name, spec] : then) now.try_emplace(name, Json());
  Defaults defaults(client);
  std::string text;
  Json differing = Json::array();
  for (const auto& [name, spec] : now) {
    const auto found = then.find(name);
    const Json before = found == then.end() ? Json() : found->second;
    if (before == spec) continue;
    text += diff_since(before, spec, std::to_string(version), defaults);
    differing.push_back({{"name", name}, {"before", before}, {"spec", spec}});
  }
  invocation.differs = !differing.empty();
  invocation.print_or(differing, text);
  return {};
}

struct DiffArguments {
  std::vector<std::string> files;
  std::int64_t version = kNoVersion;
  ObjectChoice choice;
};

Result<void> run_diff(Invocation& invocation, const DiffArguments& arguments) {
  const bool since = arguments.version != kNoVersion;
  if (since && !arguments.files.empty())
    return invocation.misuse("--version and -f are not for one command");
  if (since) return show_since(invocation, arguments.version, arguments.choice);
  if (!arguments.choice.word.empty())
    return invocation.misuse("KIND and NAME go with --version: a file names its objects itself");
  return show_differences(invocation, arguments.files);
}

}  // namespace

void add_diff(Command root, Invocation& invocation) {
  const Command command = root.add(
      "diff", "Show what an apply of files would change, or what has changed since a version");
  const auto arguments = std::make_shared<DiffArguments>();
  add_object_choice(command, arguments->choice);
  add_file_option(command, arguments->files);
  command.option("--version", arguments->version, "what has changed since, of `egctl history`")
      .type_name("N");
  command.footer(
      "Compares whole specs, with defaults; a new object is shown without them. Secrets are not "
      "shown. Exit code 0: nothing would\n"
      "change. 1: something would, or the server refuses the file, which is an error.\n"
      "Examples:\n  egctl diff -f shop.yaml\n  egctl diff --version 12 pipeline shop");
  set_action(command, invocation, [arguments](Invocation& s) { return run_diff(s, *arguments); });
}

}  // namespace sluice::egctl
