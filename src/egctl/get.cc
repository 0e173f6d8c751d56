// SPDX-License-Identifier: Apache-2.0
#include "egctl/get.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "egctl/custom_data.h"
#include "egctl/json_text.h"
#include "egctl/member.h"
#include "egctl/namespace.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

// The states of one object: state -> members.
using States = std::map<std::string, std::vector<std::string>>;

// By the name of the object. Empty if the server does not report states: the list is still useful
// without this column.
std::map<std::string, States> read_states(const ApiClient& client) {
  std::map<std::string, States> states;
  const auto answer = client.json({.path = "/status/objects"});
  if (!answer || !answer->is_object()) return states;
  for (const auto& [key, status] : answer->items()) {
    if (!status.is_object()) continue;
    states[text_at(status, "name")][text_at(status, "state")].push_back(
        key.substr(key.rfind('/') + 1));
  }
  return states;
}

// "running", or "failed on gw-2, gw-3".
std::string state_text(const States& states) {
  if (states.size() == 1) return states.begin()->first;
  for (const char* state : {"failed", "unknown", "building"}) {
    const auto members = states.find(state);
    if (members == states.end()) continue;
    std::string text = std::string(state) + " on ";
    for (const std::string& member : members->second)
      text += (text.ends_with(" on ") ? "" : ", ") + member;
    return text;
  }
  return "";
}

std::string object_table(const std::vector<Json>& objects,
                         const std::map<std::string, States>& states, bool with_namespace) {
  const auto now = std::chrono::system_clock::now();
  std::vector<Row> rows{{"NAME", "KIND", "AGE", "STATE"}};
  if (with_namespace) rows[0].insert(rows[0].begin() + 2, "NAMESPACE");
  for (const Json& spec : objects) {
    const std::string name = text_at(spec, "name");
    const auto state = states.find(name);
    rows.push_back({name, text_at(spec, "kind"), format_age(text_at(spec, "createdAt"), now),
                    state != states.end() ? state_text(state->second) : ""});
    if (with_namespace) rows.back().insert(rows.back().begin() + 2, std::string(kDefaultNamespace));
  }
  return format_table(rows);
}

// YAML has one document per object, the form that `egctl apply` accepts. JSON is one list.
void print_items(const Invocation& invocation, const std::vector<Json>& items, bool single) {
  if (invocation.format() == Output::json)
    return invocation.print(single ? items.at(0) : Json(items));
  bool first = true;
  for (const Json& item : items) {
    if (!std::exchange(first, false)) invocation.out << "---\n";
    invocation.out << config::emit_yaml(item);
  }
}

Result<void> get(Invocation& invocation, const std::string& word,
                 const std::vector<std::string>& names, bool secrets,
                 const Namespaces& namespaces) {
  SLUICE_CHECK(namespaces.check());
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string kind;
  if (word != "all") {
    SLUICE_TRY(kind, find_kind(client, word));
  }
  if (is_custom(kind)) return get_custom(invocation, kind, names);
  if (kind == kMember) return print_members(invocation, names);
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, kind, names, secrets));
  if (invocation.format() == Output::standard) {
    invocation.out << object_table(objects, read_states(client), namespaces.all);
  } else {
    print_items(invocation, objects, names.size() == 1);
  }
  return {};
}

}  // namespace

void add_get(Command root, Invocation& invocation) {
  const Command command = root.add("get", "List resources, or print some of them");
  const auto kind = std::make_shared<std::string>("all");
  const auto names = std::make_shared<std::vector<std::string>>();
  command.option("KIND", *kind, "all, httpserver, pipeline, member ...");
  command.option("NAME", *names, "only these");
  const auto secrets = std::make_shared<bool>(false);
  command.flag("--secrets", *secrets, "with keys and passwords; takes an admin");
  const auto namespaces = std::make_shared<Namespaces>();
  add_namespace_options(command, *namespaces);
  command.footer("Example:\n  egctl get pipeline flash-sale-pipeline -o yaml");
  set_action(command, invocation, [kind, names, secrets, namespaces](Invocation& s) {
    return get(s, *kind, *names, *secrets, *namespaces);
  });
}

}  // namespace sluice::egctl
