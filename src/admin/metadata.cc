// SPDX-License-Identifier: Apache-2.0
#include "admin/metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "control/controller.h"
#include "control/schemas.h"

namespace sluice::admin {
namespace {

using control::Controller;
using control::ObjectKind;

// Kinds may be given by name or alias: "HTTPServer", "httpserver", "hs".
std::string canonical_kind(const Controller& controller, const std::string& word) {
  const ObjectKind* kind = control::find_kind(controller.object_kinds(), word);
  return kind != nullptr ? kind->kind : word;
}

Result<ApiResponse> kind_names(Context& context, const ApiRequest& request, const PathNames&) {
  Json out = Json::array();
  for (const ObjectKind& kind : context.controller.object_kinds()) out.push_back(kind.kind);
  return respond(request, out);
}

Result<ApiResponse> api_resources(Context& context, const ApiRequest& request, const PathNames&) {
  Json out = Json::array();
  for (const ObjectKind& kind : context.controller.object_kinds()) {
    out.push_back({{"Category", kind.category},
                   {"Kind", kind.kind},
                   {"Name", kind.name},
                   {"Aliases", kind.aliases}});
  }
  return respond(request, out);
}

Result<ApiResponse> default_yaml(Context& context, const ApiRequest& request,
                                 const PathNames& names) {
  const Controller& controller = context.controller;
  SLUICE_TRY(const Json spec,
             controller.default_spec(canonical_kind(controller, names[0]), names[1]));
  if (request.wants("json")) return respond(request, spec);
  return ApiResponse{.content_type = std::string(kYamlType), .body = config::emit_yaml(spec)};
}

Result<ApiResponse> object_schema(Context& context, const ApiRequest& request,
                                  const PathNames& names) {
  const Controller& controller = context.controller;
  SLUICE_TRY(const Json schema, controller.object_schema(canonical_kind(controller, names[0])));
  return respond(request, schema);
}

Result<ApiResponse> filter_names(Context& context, const ApiRequest& request, const PathNames&) {
  Json out = Json::array();
  for (const auto& kind : context.controller.filter_kinds()) out.push_back(kind->name());
  std::sort(out.begin(), out.end());
  return respond(request, out);
}

Result<const pipeline::FilterKind*> filter_of(const Context& context, const PathNames& names) {
  for (const auto& kind : context.controller.filter_kinds()) {
    if (kind->name() == names[0]) return kind.get();
  }
  return fail(ErrorKind::not_found, "no such kind of filter: " + names[0]);
}

Result<ApiResponse> description(Context& context, const ApiRequest&, const PathNames& names) {
  SLUICE_TRY(const auto* kind, filter_of(context, names));
  return respond_text(std::string(kind->description()) + "\n");
}
Result<ApiResponse> schema(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(const auto* kind, filter_of(context, names));
  return respond(request, kind->schema());
}
Result<ApiResponse> results(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(const auto* kind, filter_of(context, names));
  Json out = Json::array();
  for (const std::string_view result : kind->results()) out.push_back(result);
  return respond(request, out);
}

Result<ApiResponse> policy_schema(Context& context, const ApiRequest& request,
                                  const PathNames& names) {
  using control::Schemas;
  const Controller& controller = context.controller;
  const Schemas schemas(controller.object_kinds(), controller.filter_kinds());
  for (const Schemas::Entry& entry : schemas.entries()) {
    if (entry.group == Schemas::Group::policy && entry.kind == names[0])
      return respond(request, schemas.definitions().at(entry.kind));
  }
  return fail(ErrorKind::not_found, "no such kind of policy: " + names[0]);
}

}  // namespace

void add_metadata(ApiRouter& router, Context& context) {
  const Content names = value_of("[text]");
  const Content json_schema = value_of("{*: any}");
  add(router, context, "metadata",
      {{"GET",
        "/object-kinds",
        kind_names,
        {.summary = "Lists the kinds of objects", .answers = {{200, names, "The kinds"}}}},
       {"GET",
        "/object-api-resources",
        api_resources,
        {.summary = "Lists the kinds of objects with their other names",
         .answers = {{200, value_of("[{Category, Kind, Name, Aliases: [text]}]"), "The kinds"}}}},
       {"GET",
        "/objects-yaml/{kind}/{name}",
        default_yaml,
        {.summary = "Prints an object with the defaults of its kind, to begin with",
         .answers = {{200, value_of("{*: any}"), "YAML, or JSON if Accept has `json`"}},
         .errors = {404}}},
       {"GET",
        "/metadata/objects/{kind}/schema",
        object_schema,
        {.summary = "Prints the JSON schema of a kind of object",
         .answers = {{200, json_schema, "The schema"}},
         .errors = {404}}},
       {"GET",
        "/metadata/objects/pipeline/filters",
        filter_names,
        {.summary = "Lists the kinds of filters", .answers = {{200, names, "The kinds"}}}},
       {"GET",
        "/metadata/objects/pipeline/filters/{kind}/description",
        description,
        {.summary = "Describes a kind of filter",
         .answers = {{200, {.types = {kTextType}}, "A sentence"}},
         .errors = {404}}},
       {"GET",
        "/metadata/objects/pipeline/filters/{kind}/schema",
        schema,
        {.summary = "Prints the JSON schema of a kind of filter",
         .answers = {{200, json_schema, "The schema"}},
         .errors = {404}}},
       {"GET",
        "/metadata/objects/pipeline/filters/{kind}/results",
        results,
        {.summary = "Lists the results of a kind of filter",
         .answers = {{200, names, "The results other than success"}},
         .errors = {404}}},
       {"GET",
        "/metadata/objects/pipeline/resilience/{kind}/schema",
        policy_schema,
        {.summary = "Prints the JSON schema of a kind of policy",
         .answers = {{200, json_schema, "The schema"}},
         .errors = {404}}}});
}

}  // namespace sluice::admin
