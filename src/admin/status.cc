// SPDX-License-Identifier: Apache-2.0
#include "admin/status.h"

#include <nlohmann/json.hpp>

#include "control/controller.h"

namespace sluice::admin {
namespace {

std::string status_key(const Context& context, const std::string& name) {
  return "eg-traffic-default/" + name + "/" + context.options.member_name;
}

Result<ApiResponse> all(Context& context, const ApiRequest& request, const PathNames&) {
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

Result<ApiResponse> one(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(Json status, context.controller.status(names[0]));
  return respond(request, Json{{status_key(context, names[0]), std::move(status)}});
}

}  // namespace

void add_status(ApiRouter& router, Context& context) {
  add(router, context, "status",
      {{"GET", "/status/objects", all}, {"GET", "/status/objects/{name}", one}});
}

}  // namespace sluice::admin
