// SPDX-License-Identifier: Apache-2.0
#include "admin/members.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "admin/member_report.h"
#include "base/time.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

Result<ApiResponse> list_one(Context& context, const ApiRequest& request) {
  Json member = describe_this_member(context);
  member["lastHeartbeatTime"] = format_rfc3339_ms(std::chrono::system_clock::now());
  const bool shared = context.controller.store().is_shared();
  member["state"] = shared ? "Running" : "Leader";
  if (shared) member["me"] = true;
  return respond(request, Json::array({std::move(member)}));
}

// The report of each member about itself, by the member's name.
std::map<std::string, Json> reports_in(const std::vector<store::Store::Note>& notes) {
  std::map<std::string, Json> reports;
  for (const auto& note : notes) {
    Json report = Json::parse(note.value, nullptr, false);
    if (report.is_object()) reports[note.member] = std::move(report);
  }
  return reports;
}

// In place of what the member tells of its clock: its clock minus that of this member.
void compare_clock(const Context& context, const std::vector<ClockReading>& all, Json& member) {
  const auto its = ClockReading::from_json(member.value("clock", Json()));
  const auto mine = context.clock.load();
  member.erase("clock");
  if (!its || !mine) return;
  auto difference = its->minus(*mine);
  if (member.value("me", false)) difference.emplace();
  if (!difference) return;
  const ClockReading shown{"", difference->offset, difference->uncertainty};
  member["clock"] = shown.to_json();
  member["clock"].erase("reference");
  if (const std::string warning = clock_warning(*its, all); !warning.empty())
    member["clock"]["warning"] = warning;
}

Json describe(const store::Store::Member& member, Json report) {
  Json one = std::move(report);
  Json& options = one["options"];
  if (!options.is_object()) options = Json::object();
  options["name"] = member.name;
  options["cluster-role"] = "member";
  one["version"] = member.version;
  one["clusterAddress"] = member.address;
  if (!member.zone.empty()) one["zone"] = member.zone;
  one["incarnation"] = member.incarnation;
  one["me"] = member.me;
  one["state"] = "Running";
  // Its lease is alive.
  one["lastHeartbeatTime"] = format_rfc3339_ms(std::chrono::system_clock::now());
  one["owns"] = Json::array();
  return one;
}

Result<ApiResponse> list_members(Context& context, const ApiRequest& request, const PathNames&) {
  store::Store& store = context.controller.store();
  // Without etcd, a member knows of itself only.
  if (!store.is_shared() || query_flag(request, "own")) return list_one(context, request);
  SLUICE_TRY(const auto members, store.members());
  SLUICE_TRY(const auto notes, store.notes(kMemberNotes));
  auto reports = reports_in(notes);
  const auto clocks = clocks_in(notes);
  SLUICE_TRY(const auto owners, store.owners());
  Json list = Json::array();
  for (const auto& member : members) {
    Json one = describe(member, std::move(reports[member.name]));
    compare_clock(context, clocks, one);
    for (const auto& owned : owners) {
      if (owned.owner.incarnation.text() == member.incarnation) one["owns"].push_back(owned.ns);
    }
    list.push_back(std::move(one));
  }
  return respond(request, list);
}

Result<ApiResponse> remove_member(Context& context, const ApiRequest&, const PathNames& names) {
  if (names[0] == context.options.member_name)
    return fail(ErrorKind::invalid, "member " + names[0] + " is this server: stop it instead");
  store::Store& store = context.controller.store();
  if (!store.is_shared()) return fail(ErrorKind::not_found, "no such member: " + names[0]);
  SLUICE_CHECK(store.purge_member(names[0]));
  context.logger.warn("member " + names[0] + " was purged: what it owned goes to others");
  return ApiResponse{};
}

Json describe_owner(const std::string& ns, const store::Owner& owner) {
  return {{"namespace", ns},
          {"member", owner.member},
          {"clusterAddress", owner.address},
          {"fence", owner.fence},
          {"me", owner.me}};
}

// Without etcd, a member knows of the namespaces that it runs, as it last heard.
Json owners_as_heard(Context& context) {
  Json list = Json::array();
  for (const std::string& ns : namespaces_here(context)) {
    const auto known = context.controller.store().owner(ns);
    const auto& owner = known.now ? known.now : known.last;
    Json one = owner ? describe_owner(ns, *owner) : Json{{"namespace", ns}, {"member", ""}};
    if (!known.now) one["me"] = false;
    one["heard"] = known.now ? "owner" : owner ? "last owner" : "no owner";
    list.push_back(std::move(one));
  }
  return list;
}

Result<ApiResponse> list_owners(Context& context, const ApiRequest& request, const PathNames&) {
  store::Store& store = context.controller.store();
  if (store.is_shared() && query_flag(request, "own"))
    return respond(request, owners_as_heard(context));
  SLUICE_TRY(const auto owners, store.owners());
  Json list = Json::array();
  for (const auto& [ns, owner] : owners) list.push_back(describe_owner(ns, owner));
  return respond(request, list);
}

// Error: the member itself says that it cannot read the data. It would not take them.
Result<void> check_reader(store::Store& store, const std::string& ns, const std::string& member) {
  if (!store.is_shared()) return {};
  SLUICE_TRY(const auto notes, store.notes(kMemberNotes));
  const auto reports = reports_in(notes);
  const auto its = reports.find(member);
  if (its == reports.end()) return {};
  const Json unreadable = its->second.value("unreadable", Json::object());
  const auto reason = unreadable.is_object() ? unreadable.find(ns) : unreadable.end();
  if (reason == unreadable.end() || !reason->is_string()) return {};
  return fail(ErrorKind::conflict, "member " + member + " cannot read the shared data of " + ns +
                                       ": " + reason->get<std::string>());
}

Result<ApiResponse> move_namespace(Context& context, const ApiRequest& request,
                                   const PathNames& names) {
  const auto member = request.query.find("member");
  if (member == request.query.end() || member->second.empty()) {
    return fail(ErrorKind::invalid,
                "?member= is missing: the name of the member that is to own it");
  }
  const std::string ns = names[0] + "/" + names[1];
  store::Store& store = context.controller.store();
  SLUICE_TRY(const auto owners, store.owners());
  const bool is_there = std::ranges::any_of(owners, [&](const store::Store::OwnedNamespace& one) {
    return one.ns == ns && one.owner.member == member->second;
  });
  SLUICE_CHECK(check_reader(store, ns, member->second));
  const TimePoint begin = Clock::now();
  SLUICE_CHECK(store.move(ns, member->second));  // also then: it holds through a restart
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  context.logger.info("shared data " + ns + (is_there ? " stays at" : " moved to") + " member " +
                      member->second);
  Json answer = {{"namespace", ns}, {"member", member->second}, {"ms", took.count()}};
  if (is_there) answer["unchanged"] = true;
  return respond(request, answer);
}

}  // namespace

void add_members(ApiRouter& router, Context& context) {
  const QueryParameter own = flag_query("own", "As this member knows it, without asking the store");
  add(router, context, "cluster",
      {{"GET",
        "/status/members",
        list_members,
        {.summary = "Lists the members of the cluster",
         .query = {own},
         .answers = {{200,
                      value_of(
                          "[{options: {*: any}, version, state, lastHeartbeatTime, startTime?, "
                          "health?, objects?: any, owns?: [text], me?: boolean}]"),
                      "The members; without a cluster, this server"}}}},
       {"DELETE",
        "/status/members/{member}",
        remove_member,
        {.summary = "Purges a member that is gone for good", .errors = {404, 409}}},
       {"GET",
        "/store/owners",
        list_owners,
        {.summary = "Lists the owners of shared data",
         .query = {own},
         .answers = {{200,
                      value_of("[{namespace, member, clusterAddress?, fence?: integer, me?: "
                               "boolean, heard?}]"),
                      "The namespaces `PIPELINE/FILTER` and their owners"}}}},
       {"PUT",
        "/store/owners/{pipeline}/{filter}",
        move_namespace,
        {.summary = "Moves shared data to a member",
         .query = {required(text_query("member", "Name of the new owner"))},
         .answers = {{200, value_of("{namespace, member, ms: integer, unchanged?: boolean}"),
                      "The member owns the data"}},
         .errors = {404, 409}}}});
}

}  // namespace sluice::admin
