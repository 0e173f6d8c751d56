// SPDX-License-Identifier: Apache-2.0
#include "admin/objects.h"

#include <nlohmann/json.hpp>

#include "config/value.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

using control::Applied;
using control::ApplyMode;
using control::Change;
using control::Controller;

std::string_view to_string(Change change) {
  switch (change) {
    case Change::created:
      return "created";
    case Change::updated:
      return "updated";
    case Change::unchanged:
      break;
  }
  return "unchanged";
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(text.empty() ? "" : "; ").append(line);
  return text;
}

Json json_of_applied(const std::vector<Applied>& applied) {
  Json out = Json::array();
  for (const Applied& one : applied) {
    out.push_back({{"name", one.name}, {"kind", one.kind}, {"change", to_string(one.change)}});
    if (!one.warnings.empty()) {
      out.back()["warnings"] = one.warnings;
      out.back()["warning"] = joined(one.warnings);  // for older versions of egctl
    }
    if (one.version != 0) out.back()["version"] = one.version;
  }
  return out;
}

Result<ApplyMode> mode_of(const ApiRequest& request) {
  const auto mode = request.query.find("mode");
  if (mode == request.query.end() || mode->second == "create") return ApplyMode::create;
  if (mode->second == "update") return ApplyMode::update;
  if (mode->second == "apply") return ApplyMode::apply;
  return fail(ErrorKind::invalid, "?mode= wants create, update or apply");
}

// Ignores empty documents, such as one after a trailing `---`.
Result<std::vector<config::Value>> documents_of(const ApiRequest& request) {
  SLUICE_TRY(auto documents, config::parse_documents(request.body));
  std::erase_if(documents, [](const config::Value& document) {
    return document.kind == config::Value::Kind::null;
  });
  if (documents.empty()) return fail(ErrorKind::invalid, "the body holds no object");
  return documents;
}

// Includes the secrets only if an admin asks for them with ?secrets=true.
Result<Json> shown(const Controller& controller, const ApiRequest& request, Json spec) {
  if (!query_flag(request, "secrets")) return controller.without_secrets(std::move(spec));
  if (request.by_admin) return spec;
  return fail(ErrorKind::forbidden, "?secrets=true takes an admin");
}

Result<ApiResponse> list_objects(Context& context, const ApiRequest& request, const PathNames&) {
  const Controller& controller = context.controller;
  Json specs = Json::array();
  for (Json& spec : controller.list()) {
    SLUICE_TRY(Json one, shown(controller, request, std::move(spec)));
    specs.push_back(std::move(one));
  }
  return respond(request, specs);
}

Result<ApiResponse> post(Context& context, const ApiRequest& request, const PathNames&) {
  SLUICE_TRY(const ApplyMode mode, mode_of(request));
  SLUICE_TRY(const auto documents, documents_of(request));
  SLUICE_TRY(const auto applied, context.controller.apply(documents, mode));
  return respond(request, json_of_applied(applied), mode == ApplyMode::create ? 201 : 200);
}

Result<ApiResponse> put(Context& context, const ApiRequest& request, const PathNames& names) {
  const std::string& name = names[0];
  SLUICE_TRY(const auto documents, documents_of(request));
  if (documents.size() != 1) return fail(ErrorKind::invalid, "the body holds more than one object");
  const config::Value* given = documents[0].find("name");
  if (given != nullptr && given->scalar != name) {
    return fail(ErrorKind::invalid,
                "inconsistent name in url and spec: \"" + name + "\", \"" + given->scalar + "\"");
  }
  SLUICE_TRY(const auto applied, context.controller.apply(documents, ApplyMode::update));
  return respond(request, json_of_applied(applied));
}

Result<ApiResponse> remove_all(Context& context, const ApiRequest& request, const PathNames&) {
  if (!query_flag(request, "all")) {
    return fail(ErrorKind::invalid, "deletes every object: say so with ?all=true");
  }
  SLUICE_TRY(const std::size_t count, context.controller.remove_all());
  return respond(request, {{"deleted", count}});
}

Result<ApiResponse> get(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(Json spec, context.controller.get(names[0]));
  SLUICE_TRY(const Json safe, shown(context.controller, request, std::move(spec)));
  return respond(request, safe);
}

Result<ApiResponse> remove_object(Context& context, const ApiRequest&, const PathNames& names) {
  SLUICE_CHECK(context.controller.remove(names[0]));
  return ApiResponse{};
}

}  // namespace

void add_objects(ApiRouter& router, Context& context) {
  add(router, context, "object",
      {{"GET", "/objects", list_objects},
       {"POST", "/objects", post},
       {"DELETE", "/objects", remove_all},
       {"GET", "/objects/{name}", get},
       {"PUT", "/objects/{name}", put},
       {"DELETE", "/objects/{name}", remove_object}});
}

}  // namespace sluice::admin
