// SPDX-License-Identifier: Apache-2.0
#include "egctl/resources.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/faults.h"
#include "egctl/absent.h"
#include "egctl/custom_document.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

bool answers_to(const ResourceKind& resource, std::string_view word) {
  return lower_case(resource.kind) == word || resource.name == word ||
         std::ranges::find(resource.aliases, word) != resource.aliases.end();
}

std::unexpected<Error> no_such(std::string_view kind, const std::string& name) {
  return fail(ErrorKind::not_found,
              "no such " + (kind.empty() ? "object" : std::string(kind)) + " " + name);
}

// The items with one of `names`, in the order of `names`; all items if `names` is empty.
Result<std::vector<Json>> pick(const std::vector<Json>& items,
                               const std::vector<std::string>& names, std::string_view kind,
                               std::string (*name_of)(const Json&)) {
  if (names.empty()) return items;
  std::vector<Json> picked;
  for (const std::string& name : names) {
    const auto found =
        std::ranges::find_if(items, [&](const Json& item) { return name_of(item) == name; });
    if (found == items.end()) {
      return no_such(kind, name);
    }
    picked.push_back(*found);
  }
  return picked;
}

}  // namespace

Result<std::vector<ResourceKind>> read_resources(const ApiClient& client) {
  SLUICE_TRY(const Json answer, client.json({.path = "/object-api-resources"}));
  std::vector<ResourceKind> resources;
  for (const Json& entry : answer) {
    ResourceKind resource{
        text_at(entry, "Kind"), text_at(entry, "Name"), {}, text_at(entry, "Category")};
    if (entry.contains("Aliases")) {
      for (const Json& alias : entry["Aliases"])
        resource.aliases.push_back(alias.get<std::string>());
    }
    resources.push_back(std::move(resource));
  }
  resources.push_back(
      {std::string(kCustomDataKind), "customdatakind", {"customdatakinds", "cdk"}, "Data"});
  resources.push_back({std::string(kCustomData), "customdata", {"customdatas", "cd"}, "Data"});
  resources.push_back({std::string(kMember), "member", {"members", "m", "mem"}, "Cluster"});
  return resources;
}

Result<std::string> find_kind(const std::vector<ResourceKind>& resources, std::string_view word) {
  std::vector<std::string_view> known;
  for (const ResourceKind& resource : resources) {
    if (answers_to(resource, lower_case(word))) return resource.kind;
    known.push_back(resource.name);
  }
  if (const std::string advice = advice_on_word(word); !advice.empty())
    return fail(ErrorKind::invalid,
                "no such kind of resource: " + std::string(word) + "; " + advice);
  return fail(ErrorKind::invalid, "no such kind of resource: " + std::string(word) +
                                      config::suggestion(word, known) +
                                      " (egctl api-resources lists them)");
}

Result<std::string> find_kind(Invocation& invocation, const ApiClient& client,
                              std::string_view word) {
  SLUICE_TRY(const auto resources, read_resources(client));
  auto kind = find_kind(resources, word);
  if (!kind) return invocation.misuse(kind.error().message);
  return kind;
}

Result<std::vector<NamedResources>> named_resources(Invocation& invocation, const std::string& word,
                                                    const std::vector<std::string>& names) {
  if (!word.contains('/')) return std::vector<NamedResources>{{word, names}};
  std::vector<std::string> words{word};
  words.insert(words.end(), names.begin(), names.end());
  std::vector<NamedResources> groups;
  for (const std::string& one : words) {
    const std::size_t slash = one.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == one.size())
      return invocation.misuse(one + " is not of the form KIND/NAME, as " + word);
    const std::string kind = one.substr(0, slash);
    auto group = std::ranges::find(groups, kind, &NamedResources::kind);
    if (group == groups.end()) group = groups.insert(group, {kind, {}});
    group->names.push_back(one.substr(slash + 1));
  }
  return groups;
}

Result<NamedResources> named_resources_of_kind(Invocation& invocation, const std::string& word,
                                               const std::vector<std::string>& names) {
  SLUICE_TRY(std::vector<NamedResources> groups, named_resources(invocation, word, names));
  if (groups.size() == 1) return std::move(groups[0]);
  return invocation.misuse("takes resources of one kind: " + groups[0].kind + " or " +
                           groups[1].kind);
}

Result<std::vector<Json>> read_objects_of(const ApiClient& client, std::string_view kind,
                                          const std::vector<std::string>& names, bool secrets) {
  const std::string query = secrets ? "?secrets=true" : "";
  const auto fits = [&](const Json& spec) { return kind.empty() || text_at(spec, "kind") == kind; };
  std::vector<Json> objects;
  // A list of all is long: a server may have 100,000 rules.
  for (const std::string& name : names) {
    auto spec = client.json({.path = object_path(name) + query});
    const bool absent = spec ? !fits(*spec) : spec.error().kind == ErrorKind::not_found;
    if (absent) return no_such(kind, name);
    if (!spec) return std::unexpected(std::move(spec).error());
    objects.push_back(*std::move(spec));
  }
  if (!names.empty()) return objects;
  SLUICE_TRY(const Json answer, client.json({.path = "/objects" + query}));
  std::ranges::copy_if(answer, std::back_inserter(objects), fits);
  return objects;
}

Result<Json> all_or_own(const Invocation& invocation, const ApiClient& client,
                        const std::string& path, std::string_view own) {
  auto all = client.json({.path = path});
  const bool may_know_itself = !all && (all.error().kind == ErrorKind::unavailable ||
                                        all.error().kind == ErrorKind::internal);
  if (!may_know_itself) return all;
  auto alone = client.json({.path = path + "?own=true"});
  if (!alone) return all;
  invocation.err << "Warning: only " << own << ": " << all.error().message << "\n";
  return alone;
}

Result<std::vector<Json>> read_members(const Invocation& invocation, const ApiClient& client,
                                       const std::vector<std::string>& names) {
  SLUICE_TRY(const Json answer, all_or_own(invocation, client, "/status/members"));
  return pick(
      std::vector<Json>(answer.begin(), answer.end()), names, kMember, [](const Json& member) {
        return member.contains("options") ? text_at(member["options"], "name") : std::string();
      });
}

std::string object_path(std::string_view name) { return "/objects/" + percent_encode(name); }

}  // namespace sluice::egctl
