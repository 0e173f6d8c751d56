// SPDX-License-Identifier: Apache-2.0
#include "admin/objects.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "control/controller.h"
#include "control/validation.h"

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
    case Change::deleted:
      return "deleted";
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

Json json_of(const Applied& one) {
  Json out{{"name", one.name}, {"kind", one.kind}, {"change", to_string(one.change)}};
  if (!one.warnings.empty()) {
    out["warnings"] = one.warnings;
    out["warning"] = joined(one.warnings);  // for older versions of egctl
  }
  if (one.version != 0) out["version"] = one.version;
  return out;
}

Json json_of_applied(const std::vector<Applied>& applied) {
  Json out = Json::array();
  for (const Applied& one : applied) out.push_back(json_of(one));
  return out;
}

Result<ApplyMode> mode_of(const ApiRequest& request) {
  const auto mode = request.query.find("mode");
  if (mode == request.query.end() || mode->second == "create") return ApplyMode::create;
  if (mode->second == "update") return ApplyMode::update;
  if (mode->second == "apply") return ApplyMode::apply;
  return fail(ErrorKind::invalid, "?mode= wants create, update or apply");
}

// The names in ?custom-kinds=, of the kinds of custom data that are to come with the objects.
std::set<std::string> new_kinds_of(const ApiRequest& request) {
  std::set<std::string> kinds;
  const auto list = request.query.find("custom-kinds");
  if (list == request.query.end()) return kinds;
  for (std::string_view rest = list->second; !rest.empty();) kinds.emplace(take_until(rest, ','));
  return kinds;
}

Result<ApiResponse> list_objects(Context& context, const ApiRequest& request, const PathNames&) {
  const Controller& controller = context.controller;
  Json specs = Json::array();
  for (Json& spec : controller.list()) {
    SLUICE_TRY(Json one, shown_spec(controller, request, std::move(spec)));
    specs.push_back(std::move(one));
  }
  return respond(request, specs);
}

Result<ApiResponse> post(Context& context, const ApiRequest& request, const PathNames&) {
  SLUICE_TRY(const ApplyMode mode, mode_of(request));
  SLUICE_TRY(const auto documents, control::objects_in(request.body));
  if (query_flag(request, "dry-run")) {
    const auto kinds = new_kinds_of(request);
    SLUICE_TRY(const auto previews, context.controller.preview(documents, mode, kinds));
    return respond(request, json_of_previews(previews, true));
  }
  SLUICE_TRY(const auto applied, context.controller.apply(documents, mode, author_of(request)));
  return respond(request, json_of_applied(applied), mode == ApplyMode::create ? 201 : 200);
}

Result<ApiResponse> put(Context& context, const ApiRequest& request, const PathNames& names) {
  const std::string& name = names[0];
  SLUICE_TRY(const auto documents, control::objects_in(request.body));
  if (documents.size() != 1) return fail(ErrorKind::invalid, "the body holds more than one object");
  const config::Value* given = documents[0].find("name");
  if (given != nullptr && given->scalar != name) {
    return fail(ErrorKind::invalid,
                "inconsistent name in url and spec: \"" + name + "\", \"" + given->scalar + "\"");
  }
  SLUICE_TRY(const auto applied,
             context.controller.apply(documents, ApplyMode::update, author_of(request)));
  return respond(request, json_of_applied(applied));
}

Result<ApiResponse> remove_all(Context& context, const ApiRequest& request, const PathNames&) {
  if (!query_flag(request, "all")) {
    return fail(ErrorKind::invalid, "deletes every object: say so with ?all=true");
  }
  SLUICE_TRY(const std::size_t count, context.controller.remove_all(author_of(request)));
  return respond(request, {{"deleted", count}});
}

Result<ApiResponse> get(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(Json spec, context.controller.get(names[0]));
  SLUICE_TRY(const Json safe, shown_spec(context.controller, request, std::move(spec)));
  return respond(request, safe);
}

Result<ApiResponse> remove_object(Context& context, const ApiRequest& request,
                                  const PathNames& names) {
  SLUICE_TRY(const auto users, context.controller.remove(names[0], author_of(request)));
  Json out = Json::array();
  for (const control::User& user : users)
    out.push_back({{"name", user.name}, {"kind", user.kind}, {"path", user.path}});
  return respond(request, {{"usedBy", std::move(out)}});
}

constexpr QueryParameter kSecrets =
    flag_query("secrets", "Include passwords, keys and tokens; takes an admin");
}  // namespace

control::Author author_of(const ApiRequest& request) {
  return {.name = request.caller, .address = request.address};
}

Result<Json> shown_spec(const Controller& controller, const ApiRequest& request, Json spec) {
  if (!query_flag(request, "secrets")) return controller.without_secrets(std::move(spec));
  if (request.by_admin) return spec;
  return fail(ErrorKind::forbidden, "?secrets=true takes an admin");
}

Json json_of_previews(const std::vector<control::Preview>& previews, bool specs) {
  Json out = Json::array();
  for (const control::Preview& one : previews) {
    out.push_back(json_of(one.applied));
    if (!specs) continue;
    out.back()["before"] = one.before;
    out.back()["spec"] = one.spec;
  }
  return out;
}

void add_objects(ApiRouter& router, Context& context) {
  const Content applied = value_of(kAppliedShape);
  add(router, context, "object",
      {{"GET",
        "/objects",
        list_objects,
        {.summary = "Prints all objects",
         .query = {kSecrets},
         .answers = {{200, value_of("[Object]"), "The objects"}}}},
       {"POST",
        "/objects",
        post,
        {.summary = "Creates or changes the objects in the body, all or none",
         .query = {choice_query("mode", "create|update|apply",
                                "`create` (the default) refuses a name in use, `update` an unknown "
                                "one; `apply` takes both"),
                   flag_query("dry-run", "Change nothing, and tell what would change"),
                   text_query("custom-kinds",
                              "Kinds of custom data that are to come with the objects of a dry "
                              "run, with commas")},
         .body = value_of("Object"),
         .answers = {{200, applied, "What became of each object; also of a dry run"},
                     {201, applied, "The objects are created"}},
         .errors = {404, 409}}},
       {"DELETE",
        "/objects",
        remove_all,
        {.summary = "Deletes all objects",
         .query = {required(flag_query("all", "Must be true"))},
         .answers = {{200, value_of("{deleted: integer}"), "How many there were"}},
         .errors = {409}}},
       {"GET",
        "/objects/{name}",
        get,
        {.summary = "Prints an object",
         .query = {kSecrets},
         .answers = {{200, value_of("Object"), "The object, with all fields"}},
         .errors = {404}}},
       {"PUT",
        "/objects/{name}",
        put,
        {.summary = "Changes an object",
         .body = value_of("Object"),
         .answers = {{200, applied, "What became of the object"}},
         .errors = {404, 409}}},
       {"DELETE",
        "/objects/{name}",
        remove_object,
        {.summary = "Deletes an object",
         .answers = {{200, value_of("{usedBy: [{name, kind, path}]}"),
                      "Deleted; the objects that still name this one"}},
         .errors = {404, 409}}}});
}

}  // namespace sluice::admin
