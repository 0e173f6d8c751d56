// SPDX-License-Identifier: Apache-2.0
#include "admin/members.h"

#include <nlohmann/json.hpp>

#include "base/time.h"

namespace sluice::admin {
namespace {

Result<ApiResponse> list_members(Context& context, const ApiRequest& request, const PathNames&) {
  const auto start_options = context.start_options.load();
  Json options = start_options->is_object() ? *start_options : Json::object();
  options["name"] = context.options.member_name;
  options["api-addr"] = context.options.address;
  const Json member = {
      {"options", std::move(options)},
      {"startTime", format_rfc3339_ms(context.started)},
      {"lastHeartbeatTime", format_rfc3339_ms(std::chrono::system_clock::now())},
      {"state", "Leader"},
  };
  return respond(request, Json::array({member}));
}

Result<ApiResponse> remove_member(Context& context, const ApiRequest&, const PathNames& names) {
  if (names[0] != context.options.member_name)
    return fail(ErrorKind::not_found, "no such member: " + names[0]);
  return fail(ErrorKind::invalid, "member " + names[0] + " is this server: stop it instead");
}

}  // namespace

void add_members(ApiRouter& router, Context& context) {
  add(router, context, "cluster",
      {{"GET", "/status/members", list_members},
       {"DELETE", "/status/members/{member}", remove_member}});
}

}  // namespace sluice::admin
