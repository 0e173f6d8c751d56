// SPDX-License-Identifier: Apache-2.0
#include "egctl/describe.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/emit.h"
#include "egctl/custom_data.h"
#include "egctl/defaults.h"
#include "egctl/figures.h"
#include "egctl/json_text.h"
#include "egctl/namespace.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kMeta[] = {"name", "kind", "version", "createdAt"};

// "namespace/name/member" -> "member"
std::string member_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string::npos ? key : key.substr(slash + 1);
}

Result<Json> all_status(const Invocation& invocation, const ApiClient& client,
                        const std::string& name) {
  SLUICE_TRY(const Json answer,
             all_or_own(invocation, client, "/status/objects/" + percent_encode(name)));
  Json out = Json::array();
  for (const auto& [key, status] : answer.items()) {
    out.push_back({{"node", member_of(key)}, {"status", status}});
  }
  return out;
}

void print_status(std::ostream& out, const Json& one, bool verbose) {
  out << "\nStatus of " << text_at(one, "node") << ":\n";
  Json status = one.value("status", Json::object());
  Figures figures;
  figures.add(status);
  out << "  state: " << text_at(status, "state") << "\n";
  if (figures.any()) out << "  traffic: " << figures.line() << "\n";
  for (const char* shown_above : {"name", "kind", "state", "warnings"}) status.erase(shown_above);
  if (!verbose) {
    if (figures.any()) Figures::leave_out(status);
    Figures::sum_up_parts(status);
    rounded(status);
    without_zeros(status);
  }
  if (!status.empty()) out << config::emit_yaml(status, 2);
}

// Each once. One that not all members have names those that have it.
void print_warnings(std::ostream& out, const Json& statuses) {
  std::map<std::string, std::vector<std::string>> members;  // by warning
  std::vector<std::string> in_order;
  for (const Json& one : statuses) {
    const Json status = one.value("status", Json::object());
    for (const Json& warning : status.value("warnings", Json::array())) {
      if (!warning.is_string()) continue;
      auto& its = members[warning.get<std::string>()];
      if (its.empty()) in_order.push_back(warning.get<std::string>());
      its.push_back(text_at(one, "node"));
    }
  }
  if (!in_order.empty()) out << "\nWarnings:\n";
  for (const std::string& warning : in_order) {
    std::string names;
    const auto& its = members[warning];
    if (its.size() < statuses.size()) {
      for (const std::string& name : its) names += (names.empty() ? "" : ", ") + name;
      names += ": ";
    }
    out << "  - " << names << warning << "\n";
  }
}

// Status first: the spec is what its author knows already.
void print_sections(std::ostream& out, Json spec, const Json& status, Defaults* defaults) {
  out << "Name: " << text_at(spec, "name") << "\n"
      << "Kind: " << text_at(spec, "kind") << "\n";
  const std::string age = format_age(text_at(spec, "createdAt"), std::chrono::system_clock::now());
  if (!age.empty()) out << "Age:  " << age << "\n";
  print_warnings(out, status);
  for (const Json& one : status) print_status(out, one, defaults == nullptr);
  if (defaults != nullptr) defaults->leave_out(spec);
  for (const std::string_view key : kMeta) spec.erase(std::string(key));
  out << "\nSpec:\n" << config::emit_yaml(spec, 2);
}

Result<void> describe_objects(Invocation& invocation, const ApiClient& client,
                              const std::vector<Json>& objects, bool verbose) {
  std::vector<Json> described;
  for (const Json& spec : objects) {
    SLUICE_TRY(Json status, all_status(invocation, client, text_at(spec, "name")));
    described.push_back(spec);
    described.back()["allStatus"] = std::move(status);
  }
  if (invocation.format() != Output::standard) {
    invocation.print(described.size() == 1 ? described[0] : Json(described));
    return {};
  }
  Defaults defaults(client);
  bool first = true;
  for (Json& one : described) {
    if (!std::exchange(first, false)) invocation.out << "\n---\n\n";
    const Json status = one["allStatus"];
    one.erase("allStatus");
    print_sections(invocation.out, std::move(one), status, verbose ? nullptr : &defaults);
  }
  return {};
}

// Its name comes first, and its many options last.
void print_described_members(const Invocation& invocation, std::vector<Json> members) {
  if (invocation.format() != Output::standard)
    return invocation.print(members.size() == 1 ? members[0] : Json(members));
  bool first = true;
  for (Json& member : members) {
    if (!std::exchange(first, false)) invocation.out << "\n---\n\n";
    const Json options = {{"options", member.value("options", Json::object())}};
    member.erase("options");
    invocation.out << "name: " << text_at(options["options"], "name") << "\n"
                   << config::emit_yaml(member) << config::emit_yaml(options);
  }
}

Result<void> describe(Invocation& invocation, const std::string& word,
                      const std::vector<std::string>& names, const Namespaces& namespaces,
                      bool verbose) {
  SLUICE_CHECK(namespaces.check(invocation));
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const NamedResources wanted, named_resources_of_kind(invocation, word, names));
  std::string kind;
  if (wanted.kind != "all") {
    SLUICE_TRY(kind, find_kind(invocation, client, wanted.kind));
  }
  if (is_custom(kind)) return get_custom(invocation, kind, wanted.names);
  if (kind == kMember) {
    SLUICE_TRY(const std::vector<Json> members, read_members(invocation, client, wanted.names));
    print_described_members(invocation, members);
    return {};
  }
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, kind, wanted.names));
  return describe_objects(invocation, client, objects, verbose);
}

}  // namespace

void add_describe(Command root, Invocation& invocation) {
  const Command command = root.add("describe", "Show the spec and the status of resources");
  const auto kind = std::make_shared<std::string>();
  const auto names = std::make_shared<std::vector<std::string>>();
  command.option("KIND", *kind, "all, httpserver, pipeline, member ...").required();
  command.option("NAME", *names, "only these; without, all of the kind");
  const auto namespaces = std::make_shared<Namespaces>();
  const auto verbose = std::make_shared<bool>(false);
  add_namespace_options(command, *namespaces);
  command.flag("-v,--verbose", *verbose,
               "also what is zero or at its default, and all figures as they are");
  command.footer("Example:\n  egctl describe pipeline flash-sale-pipeline");
  set_action(command, invocation, [kind, names, namespaces, verbose](Invocation& s) {
    return describe(s, *kind, *names, *namespaces, *verbose);
  });
}

}  // namespace sluice::egctl
