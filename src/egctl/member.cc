// SPDX-License-Identifier: Apache-2.0
#include "egctl/member.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

std::vector<Row> narrow_rows(const std::vector<Json>& members) {
  const auto now = std::chrono::system_clock::now();
  std::vector<Row> rows{{"NAME", "ROLE", "AGE", "STATE", "API-ADDR", "HEARTBEAT"}};
  for (const Json& member : members) {
    const Json options = member.value("options", Json::object());
    const std::string role = text_at(options, "cluster-role");
    const std::string heartbeat = format_age(text_at(member, "lastHeartbeatTime"), now);
    rows.push_back({text_at(options, "name"), role.empty() ? "single" : role,
                    format_age(text_at(member, "startTime"), now), text_at(member, "state"),
                    text_at(options, "api-addr"), heartbeat.empty() ? "" : heartbeat + " ago"});
  }
  return rows;
}

// "+0.4ms ±0.2ms", as an addition to the clock of the member that is asked; "" if it is not known.
std::string clock_text(const Json& member) {
  const Json clock = member.value("clock", Json::object());
  if (!clock.is_object() || !clock.contains("offsetMs")) return "";
  std::array<char, 64> text{};
  // Without the sign of a zero.
  const double offset = std::round(clock.value("offsetMs", 0.0) * 100) / 100 + 0.0;
  std::snprintf(text.data(), text.size(), "%+.2fms \u00b1%.2fms", offset,
                clock.value("uncertaintyMs", 0.0));
  return text.data();
}

// "2 running, 1 failed"
std::string objects_text(const Json& member) {
  const Json objects = member.value("objects", Json::object());
  std::string text = std::to_string(objects.value("running", 0)) + " running";
  for (const char* state : {"building", "failed"}) {
    if (const int count = objects.value(state, 0); count > 0)
      text += ", " + std::to_string(count) + " " + state;
  }
  return text;
}

std::string owns_text(const Json& member) {
  const Json owns = member.value("owns", Json::array());
  constexpr std::size_t kNamed = 2;
  std::string text;
  for (std::size_t i = 0; i < std::min(owns.size(), kNamed); ++i)
    text += (i > 0 ? ", " : "") + (owns[i].is_string() ? owns[i].get<std::string>() : "");
  if (owns.size() > kNamed) text += " and " + std::to_string(owns.size() - kNamed) + " more";
  return text;
}

// The state of the certificate that ends first, and the day; "" without certificates.
std::string certificates_text(const Json& member) {
  const Json certificates = member.value("certificates", Json::array());
  if (!certificates.is_array() || certificates.empty()) return "";
  const Json& first = certificates.front();
  constexpr std::size_t kDay = 10;
  const bool is_over = text_at(first, "state") == "expired";
  return (is_over ? "expired " : "until ") + text_at(first, "expires").substr(0, kDay);
}

std::vector<Row> wide_rows(const std::vector<Json>& members) {
  std::vector<Row> rows = narrow_rows(members);
  for (const char* more :
       {"VERSION", "CLUSTER-ADDR", "ZONE", "OBJECTS", "CLOCK", "CERTIFICATES", "OWNS"})
    rows[0].emplace_back(more);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Json& member = members[i];
    for (const std::string& cell :
         {text_at(member, "version"), text_at(member, "clusterAddress"), text_at(member, "zone"),
          objects_text(member), clock_text(member), certificates_text(member), owns_text(member)})
      rows[i + 1].push_back(cell);
  }
  return rows;
}

void add_purge_of_members(Command parent, const std::string& name, Invocation& invocation) {
  const Command purge = parent.add(name, "Forget members that are gone, or that hang");
  const auto names = std::make_shared<std::vector<std::string>>();
  purge.option("NAME", *names, "members").required();
  add_yes_option(purge, invocation);
  purge.footer("What they own goes to other members. A member that lives joins again.");
  set_action(purge, invocation, [names](Invocation& s) { return purge_members(s, *names); });
}

}  // namespace

std::vector<Row> member_rows(const std::vector<Json>& members, bool wide) {
  return wide ? wide_rows(members) : narrow_rows(members);
}

Result<void> print_members(Invocation& invocation, const std::vector<std::string>& names) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::vector<Json> members, read_members(invocation, client, names));
  if (invocation.format() == Output::standard) {
    invocation.out << invocation.table(member_rows(members, invocation.wide()));
  } else {
    invocation.print(names.size() == 1 ? members[0] : Json(members));
  }
  return {};
}

Result<void> purge_members(Invocation& invocation, const std::vector<std::string>& names) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string list;
  for (const std::string& name : names) list += "Member " + name + "\n";
  SLUICE_CHECK(confirm(invocation, list, "Forget this, and give what it owns to others?",
                       "nothing was changed"));
  for (const std::string& name : names) {
    const std::string path = "/status/members/" + percent_encode(name);
    if (auto purged = client.text({.method = "DELETE", .path = path}); !purged) {
      return failed("purge Member " + name, std::move(purged).error());
    }
    invocation.out << "purge Member " << name << " successfully\n";
  }
  return {};
}

void add_purge(Command root, Invocation& invocation) {
  const Command purge = root.add("purge", "Forget members of the cluster");
  purge.require_command();
  add_purge_of_members(purge, "member", invocation);
}

void add_member(Command root, Invocation& invocation) {
  const Command member = root.add("member", "Members of the cluster (older form)");
  member.group("Older forms").alias("m").alias("mem").require_command();
  set_action(member.add("list", "List the members"), invocation,
             [](Invocation& s) { return print_members(s, {}); });
  add_purge_of_members(member, "purge", invocation);
}

}  // namespace sluice::egctl
