// SPDX-License-Identifier: Apache-2.0
#include "egctl/listing.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "egctl/figures.h"
#include "egctl/json_text.h"
#include "egctl/member.h"
#include "egctl/resources.h"

namespace sluice::egctl {
namespace {

// The statuses of one object, by member.
using Statuses = std::map<std::string, Json>;

// By the name of the object; without `names`, of all. Empty if the server does not report states:
// the list is still useful without them.
std::map<std::string, Statuses> read_statuses(const ApiClient& client,
                                              const std::vector<std::string>& names) {
  std::map<std::string, Statuses> all;
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back("/status/objects/" + percent_encode(name));
  if (paths.empty()) paths.emplace_back("/status/objects");
  for (const std::string& path : paths) {
    const auto answer = client.json({.path = path});
    if (!answer || !answer->is_object()) continue;
    for (const auto& [key, status] : answer->items()) {
      if (status.is_object()) all[text_at(status, "name")][key.substr(key.rfind('/') + 1)] = status;
    }
  }
  return all;
}

// "running", or "failed on gw-2, gw-3".
std::string state_text(const Statuses& statuses) {
  std::map<std::string, std::vector<std::string>> members;
  for (const auto& [member, status] : statuses) members[text_at(status, "state")].push_back(member);
  if (members.size() == 1) return members.begin()->first;
  for (const char* state : {"failed", "unknown", "building"}) {
    const auto found = members.find(state);
    if (found == members.end()) continue;
    std::string text = std::string(state) + " on ";
    for (const std::string& member : found->second)
      text += (text.ends_with(" on ") ? "" : ", ") + member;
    return text;
  }
  return "";
}

// "port 80, 2 rules", "validator > proxy"
std::string summary_of(const Json& spec) {
  const Json rules = spec.value("rules", Json());
  if (spec.contains("port")) {
    const std::string count = std::to_string(rules.is_array() ? rules.size() : 0);
    return "port " + spec["port"].dump() + ", " + count + (count == "1" ? " rule" : " rules");
  }
  const Json flow = spec.value("flow", Json());
  std::string text;
  if (!flow.is_array()) return text;
  for (const Json& node : flow) text += (text.empty() ? "" : " > ") + text_at(node, "filter");
  return text;
}

Row wide_cells(const Json& spec, const Statuses& statuses) {
  Figures sum;
  for (const auto& [member, status] : statuses) sum.add(status);
  return {sum.requests_text(), sum.client_errors_text(), sum.server_errors_text(),
          sum.rate_text(),     sum.latency_text(),       summary_of(spec)};
}

Listing object_listing(const std::vector<Json>& objects, const ApiClient& client,
                       const ListingQuery& query, bool wide) {
  const bool with_namespace = query.namespaces.all;
  const auto now = std::chrono::system_clock::now();
  const auto all = read_statuses(client, query.names);
  Listing listing{{"NAME", "KIND", "AGE", "STATE"}, {}};
  if (wide) {
    for (const char* more : {"REQUESTS", "4XX", "5XX", "PER-SECOND", "P99", "SUMMARY"})
      listing.header.emplace_back(more);
  }
  if (with_namespace) listing.header.insert(listing.header.begin() + 2, "NAMESPACE");
  for (const Json& spec : objects) {
    const auto found = all.find(text_at(spec, "name"));
    const Statuses statuses = found == all.end() ? Statuses() : found->second;
    Row row{text_at(spec, "name"), text_at(spec, "kind"),
            format_age(text_at(spec, "createdAt"), now), state_text(statuses)};
    if (wide) std::ranges::move(wide_cells(spec, statuses), std::back_inserter(row));
    if (with_namespace) row.insert(row.begin() + 2, std::string(kDefaultNamespace));
    listing.rows.push_back(std::move(row));
  }
  return listing;
}

bool is_age(const std::string& column) {
  return column == "AGE" || column == "HEARTBEAT" || column == "CLOCK";
}

const Row* row_of(const Listing& listing, const std::string& name) {
  const auto found = std::ranges::find_if(
      listing.rows, [&](const Row& row) { return !row.empty() && row[0] == name; });
  return found == listing.rows.end() ? nullptr : &*found;
}

bool same_but_for_ages(const Row& header, const Row& a, const Row& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool counts = i >= header.size() || !is_age(header[i]);
    if (counts && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

std::vector<Row> Listing::changes_since(const Listing& before) const {
  std::vector<Row> changed;
  const auto state = std::ranges::find(header, "STATE") - header.begin();
  const auto has_state = [state](const Row& row) {
    return state >= static_cast<std::ptrdiff_t>(row.size()) ||
           !row[static_cast<std::size_t>(state)].empty();
  };
  for (const Row& row : rows) {
    const Row* old = row_of(before, row[0]);
    // It was deleted between the two calls that make a listing. The next listing tells.
    if (old != nullptr && has_state(*old) && !has_state(row)) continue;
    if (old == nullptr || !same_but_for_ages(header, *old, row)) changed.push_back(row);
  }
  for (const Row& old : before.rows) {
    if (row_of(*this, old[0]) != nullptr) continue;
    changed.push_back(old);
    if (state < static_cast<std::ptrdiff_t>(old.size()))
      changed.back()[static_cast<std::size_t>(state)] = "deleted";
  }
  return changed;
}

Result<Listing> read_listing(Invocation& invocation, const ApiClient& client,
                             const ListingQuery& query) {
  if (query.kind == kMember) {
    SLUICE_TRY(const std::vector<Json> members, read_members(invocation, client, query.names));
    std::vector<Row> rows = member_rows(members, invocation.wide());
    Listing listing{std::move(rows[0]), {}};
    listing.rows.assign(rows.begin() + 1, rows.end());
    return listing;
  }
  SLUICE_TRY(const std::vector<Json> objects, read_objects_of(client, query.kind, query.names));
  return object_listing(objects, client, query, invocation.wide());
}

}  // namespace sluice::egctl
