// SPDX-License-Identifier: Apache-2.0
// The members of the cluster: only this process.
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "base/time.h"

namespace sluice::admin {
namespace {

Response list(const Context& context, const Request& request) {
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

Response remove(const Context& context, const std::string& name) {
  if (name != context.options.member_name) return respond_error(404, "no such member: " + name);
  return respond_error(400, "member " + name + " is this server: stop it instead");
}

}  // namespace

void add_members(Router& router, Context& context) {
  router.add({"cluster", "GET", "/status/members",
              [&context](const Request& request, const Names&) { return list(context, request); }});
  router.add(
      {"cluster", "DELETE", "/status/members/{member}",
       [&context](const Request&, const Names& names) { return remove(context, names[0]); }});
}

}  // namespace sluice::admin
