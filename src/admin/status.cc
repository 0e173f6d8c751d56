// SPDX-License-Identifier: Apache-2.0
// The status of objects, as a map "namespace/name/member" -> status.
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

std::string status_key(const Context& context, const std::string& name) {
  return "eg-traffic-default/" + name + "/" + context.options.member_name;
}

Response all(const Context& context, const Request& request) {
  Json out = Json::object();
  for (const Json& spec : context.controller.list()) {
    const auto name = spec.value("name", std::string());
    // Leaves out an object that has just been deleted.
    if (auto status = context.controller.status(name)) {
      out[status_key(context, name)] = *std::move(status);
    }
  }
  return respond(request, out);
}

Response one(const Context& context, const Request& request, const std::string& name) {
  Result<Json> status = context.controller.status(name);
  if (!status) return respond_error(status.error());
  return respond(request, Json{{status_key(context, name), *std::move(status)}});
}

}  // namespace

void add_status(Router& router, Context& context) {
  router.add({"status", "GET", "/status/objects",
              [&context](const Request& request, const Names&) { return all(context, request); }});
  router.add({"status", "GET", "/status/objects/{name}",
              [&context](const Request& request, const Names& names) {
                return one(context, request, names[0]);
              }});
}

}  // namespace sluice::admin
