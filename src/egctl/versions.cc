// SPDX-License-Identifier: Apache-2.0
#include "egctl/versions.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/get.h"
#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/send_objects.h"
#include "egctl/wait.h"

namespace sluice::egctl {
namespace {

std::string version_path(std::int64_t version) { return "/versions/" + std::to_string(version); }

// "updated Pipeline p, created HTTPServer s"
std::string changes_text(const Json& version) {
  std::string text;
  for (const Json& each : version.value("objects", Json::array())) {
    text.append(text.empty() ? "" : ", ")
        .append(text_at(each, "change") + " " + text_at(each, "kind") + " " +
                text_at(each, "name"));
  }
  return text;
}

// Whoever has asked: the user, else the address; "": the server itself.
std::string who_of(const Json& version) {
  const std::string by = text_at(version, "by");
  return by.empty() ? text_at(version, "address") : by;
}

std::string how_of(const Json& version) {
  const auto undone = version.find("undoneTo");
  return text_at(version, "how") + (undone == version.end() ? "" : " to " + undone->dump());
}

bool touches(const Json& version, const ChosenObjects& chosen) {
  const Json objects = version.value("objects", Json::array());
  return std::ranges::any_of(objects, [&](const Json& each) { return chosen.has(each); });
}

Result<void> list_history(Invocation& invocation, const ObjectChoice& choice) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const ChosenObjects chosen, chosen_objects(invocation, client, choice));
  SLUICE_TRY(Json history, read_history(client));
  Json fitting = Json::array();
  for (const Json& version : history.value("changes", Json::array())) {
    if (choice.word.empty() || touches(version, chosen)) fitting.push_back(version);
  }
  history["changes"] = std::move(fitting);
  std::vector<Row> rows{{"VERSION", "TIME", "WHO", "HOW", "CHANGED"}};
  if (invocation.wide()) rows.front().insert(rows.front().begin() + 3, "ADDRESS");
  for (const Json& version : history["changes"]) {
    rows.push_back({version.value("version", Json()).dump(), text_at(version, "at"),
                    who_of(version), how_of(version), changes_text(version)});
    if (invocation.wide()) rows.back().insert(rows.back().begin() + 3, text_at(version, "address"));
  }
  invocation.print_or(history, invocation.table(rows));
  return {};
}

Result<void> print_version(Invocation& invocation, std::int64_t version, const ObjectChoice& choice,
                           bool secrets) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const ChosenObjects chosen, chosen_objects(invocation, client, choice));
  SLUICE_TRY(std::vector<Json> objects, read_version(client, version, secrets));
  std::erase_if(objects, [&](const Json& object) { return !chosen.has(object); });
  if (objects.empty() && !choice.names.empty()) {
    return fail(ErrorKind::not_found, "version " + std::to_string(version) + " has no " +
                                          chosen.kind + " " + choice.names.front());
  }
  if (invocation.format() != Output::standard) {
    print_specs(invocation, objects, choice.names.size() == 1);
    return {};
  }
  std::vector<Row> rows{{"NAME", "KIND"}};
  for (const Json& object : objects)
    rows.push_back({text_at(object, "name"), text_at(object, "kind")});
  invocation.out << invocation.table(rows);
  return {};
}

struct UndoArguments {
  std::int64_t to = kNoVersion;
  bool dry_run = false;
  Waiting waiting;
};

std::string undo_lines(const Json& outcomes, const std::string& note) {
  std::string text;
  for (const Json& one : outcomes) {
    if (text_at(one, "change") == "unchanged") continue;
    text += text_at(one, "kind") + " " + text_at(one, "name") + " " + text_at(one, "change") +
            note + "\n";
  }
  return text;
}

void print_undo(Invocation& invocation, Json outcomes, const std::string& note) {
  for (Json& one : outcomes) {
    one.erase("before");
    one.erase("spec");
  }
  const std::string text = undo_lines(outcomes, note);
  invocation.print_or(outcomes, text.empty() ? "nothing to change" + note + "\n" : text);
  for (const Json& one : outcomes) print_warnings(invocation, one);
}

Result<void> await_undo(const ApiClient& client, const Json& outcomes, const Waiting& waiting,
                        std::ostream& notes) {
  Json applied = Json::array();
  std::vector<Json> deleted;
  for (const Json& one : outcomes) {
    if (text_at(one, "change") == "deleted")
      deleted.push_back(one);
    else
      applied.push_back(one);
  }
  SLUICE_CHECK(await_members(client, applied, waiting, notes));
  return await_deletion(client, deleted, waiting, notes);
}

// The call says which version it was shown, so that it never undoes what somebody does meanwhile.
Result<void> undo_changes(Invocation& invocation, const UndoArguments& arguments) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const Json history, read_history(client));
  const auto now = history.value("version", std::int64_t{0});
  const std::int64_t to = arguments.to == kNoVersion ? now - 1 : arguments.to;
  if (to < 0) return fail(ErrorKind::not_found, "no object was ever changed");
  const std::string path = version_path(to) + "/undo?from=" + std::to_string(now);
  const std::string label = "undo to version " + std::to_string(to);
  auto foretold = client.json({.method = "POST", .path = path + "&dry-run=true"});
  if (!foretold) return refused(label, std::move(foretold).error());
  if (arguments.dry_run) {
    print_undo(invocation, *std::move(foretold), " (dry run)");
    return {};
  }
  SLUICE_CHECK(confirm(invocation, undo_lines(*foretold, ""),
                       "Bring the objects back as they were in version " + std::to_string(to) + "?",
                       "nothing was changed"));
  auto done = client.json({.method = "POST", .path = path});
  if (!done) return refused(label, std::move(done).error());
  print_undo(invocation, *done, "");
  return await_undo(client, *done, arguments.waiting, invocation.err);
}

}  // namespace

void add_object_choice(Command command, ObjectChoice& choice) {
  command.option("KIND", choice.word, "httpserver, pipeline ...; default: all objects");
  command.option("NAME", choice.names, "only these");
}

bool ChosenObjects::has(const Json& object) const {
  if (!kind.empty() && text_at(object, "kind") != kind) return false;
  return names.empty() || std::ranges::find(names, text_at(object, "name")) != names.end();
}

Result<ChosenObjects> chosen_objects(Invocation& invocation, const ApiClient& client,
                                     const ObjectChoice& choice) {
  if (choice.word.empty()) return ChosenObjects();
  SLUICE_TRY(NamedResources wanted, named_resources_of_kind(invocation, choice.word, choice.names));
  ChosenObjects chosen{.names = std::move(wanted.names)};
  if (wanted.kind != "all") {
    SLUICE_TRY(chosen.kind, find_kind(invocation, client, wanted.kind));
  }
  return chosen;
}

Result<std::vector<Json>> read_version(const ApiClient& client, std::int64_t version,
                                       bool secrets) {
  auto answer = client.json({.path = version_path(version) + (secrets ? "?secrets=true" : "")});
  if (!answer) return failed("read version " + std::to_string(version), std::move(answer).error());
  return answer->value("objects", std::vector<Json>());
}

Result<Json> read_history(const ApiClient& client) {
  auto answer = client.json({.path = "/versions"});
  if (!answer) return failed("list versions", std::move(answer).error());
  return answer;
}

void add_history(Command root, Invocation& invocation) {
  const Command command = root.add(
      "history", "The changes of objects: who, when and what; or the objects as they were");
  const auto choice = std::make_shared<ObjectChoice>();
  const auto version = std::make_shared<std::int64_t>(kNoVersion);
  const auto secrets = std::make_shared<bool>(false);
  add_object_choice(command, *choice);
  command.option("--version", *version, "the objects of this version, in place of the changes")
      .type_name("N");
  command.flag("--secrets", *secrets, "with keys and passwords; takes an admin");
  command.footer(
      "The newest is the first. Examples:\n  egctl history pipeline flash-sale-pipeline\n"
      "  egctl history --version 12 -o yaml > shop-12.yaml");
  set_action(command, invocation, [choice, version, secrets](Invocation& s) -> Result<void> {
    if (*version != kNoVersion) return print_version(s, *version, *choice, *secrets);
    if (*secrets) return s.misuse("--secrets is for the objects of a --version");
    return list_history(s, *choice);
  });
}

void add_undo(Command root, Invocation& invocation) {
  const Command command = root.add("undo", "Bring the objects back as they were before a change");
  const auto arguments = std::make_shared<UndoArguments>();
  command
      .option("--to", arguments->to,
              "as they were in this version of `egctl history`; default: before the last change")
      .type_name("N");
  add_yes_option(command, invocation);
  command.flag("--dry-run", arguments->dry_run, "print what would change, and change nothing");
  add_wait_options(command, arguments->waiting);
  command.footer(
      "All objects change, or none. That is a change of its own: `egctl undo` once more undoes "
      "it.\n"
      "Shared data, custom data and the code of filters stay as they are.\n"
      "Example:\n  egctl undo --to 12");
  set_action(command, invocation,
             [arguments](Invocation& s) { return undo_changes(s, *arguments); });
}

}  // namespace sluice::egctl
