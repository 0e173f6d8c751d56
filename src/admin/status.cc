// SPDX-License-Identifier: Apache-2.0
#include "admin/status.h"

#include <nlohmann/json.hpp>

#include "control/controller.h"

namespace sluice::admin {
namespace {

std::string status_key(const std::string& name, const std::string& member) {
  return "eg-traffic-default/" + name + "/" + member;
}

void add_elsewhere(const control::Controller::MemberStates& states, const std::string& name,
                   Json& out) {
  const auto found = states.find(name);
  if (found == states.end()) return;
  for (const auto& [member, state] : found->second) out[status_key(name, member)] = state;
}

// The states on other members are left out while the store cannot tell them.
Result<ApiResponse> all(Context& context, const ApiRequest& request, const PathNames&) {
  const auto elsewhere = context.controller.states_elsewhere();
  Json out = Json::object();
  for (const Json& spec : context.controller.list()) {
    const auto name = spec.value("name", std::string());
    // Leaves out an object that has just been deleted.
    if (auto status = context.controller.status(name)) {
      out[status_key(name, context.options.member_name)] = *std::move(status);
      if (elsewhere) add_elsewhere(*elsewhere, name, out);
    }
  }
  return respond(request, out);
}

// Of an object that is deleted here: the members that have not followed.
Result<ApiResponse> remains(Context& context, const ApiRequest& request, const std::string& name) {
  SLUICE_TRY(const auto remains, context.controller.remains_elsewhere(name));
  Json out = Json::object();
  for (const auto& [member, state] : remains) out[status_key(name, member)] = state;
  return respond(request, out);
}

Result<ApiResponse> one(Context& context, const ApiRequest& request, const PathNames& names) {
  if (query_flag(request, "deleted")) return remains(context, request, names[0]);
  SLUICE_TRY(Json status, context.controller.status(names[0]));
  Json out = {{status_key(names[0], context.options.member_name), std::move(status)}};
  if (query_flag(request, "own")) return respond(request, out);
  SLUICE_TRY(const auto elsewhere, context.controller.states_elsewhere());
  add_elsewhere(elsewhere, names[0], out);
  return respond(request, out);
}

}  // namespace

void add_status(ApiRouter& router, Context& context) {
  const Content states = value_of("{*: {*: any}}");
  add(router, context, "status",
      {{"GET",
        "/status/objects",
        all,
        {.summary = "Prints the status of all objects",
         .answers = {{200, states, "By `eg-traffic-default/OBJECT/MEMBER`"}}}},
       {"GET",
        "/status/objects/{name}",
        one,
        {.summary = "Prints the status of an object",
         .query = {flag_query("own", "Of this member alone"),
                   flag_query("deleted", "The members that still have the deleted object")},
         .answers = {{200, states, "By `eg-traffic-default/OBJECT/MEMBER`"}},
         .errors = {404}}}});
}

}  // namespace sluice::admin
