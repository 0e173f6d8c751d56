// SPDX-License-Identifier: Apache-2.0
// The kinds of objects and filters, and the schemas of their specs.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/resources.h"
#include "config/emit.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

using control::Controller;
using control::ObjectKind;

// Kinds may be given by name or alias: "HTTPServer", "httpserver", "hs".
std::string canonical_kind(const Controller& controller, const std::string& word) {
  const ObjectKind* kind = control::find_kind(controller.object_kinds(), word);
  return kind != nullptr ? kind->kind : word;
}

Json kind_names(const Controller& controller) {
  Json out = Json::array();
  for (const ObjectKind& kind : controller.object_kinds()) out.push_back(kind.kind);
  return out;
}

Json api_resources(const Controller& controller) {
  Json out = Json::array();
  for (const ObjectKind& kind : controller.object_kinds()) {
    out.push_back({{"Category", kind.category},
                   {"Kind", kind.kind},
                   {"Name", kind.name},
                   {"Aliases", kind.aliases}});
  }
  return out;
}

Response default_yaml(const Controller& controller, const Request& request, const Names& names) {
  const Result<Json> spec = controller.default_spec(canonical_kind(controller, names[0]), names[1]);
  if (!spec) return respond_error(spec.error());
  if (request.wants("json")) return respond(request, *spec);
  return {.content_type = std::string(kYamlType), .body = config::emit_yaml(*spec)};
}

Response object_schema(const Controller& controller, const Request& request, const Names& names) {
  const Result<Json> schema = controller.object_schema(canonical_kind(controller, names[0]));
  return schema ? respond(request, *schema) : respond_error(schema.error());
}

Json filter_names(const Controller& controller) {
  Json out = Json::array();
  for (const auto& kind : controller.filter_kinds()) out.push_back(kind->name());
  std::sort(out.begin(), out.end());
  return out;
}

using OfFilter = Response (*)(const Request&, const pipeline::FilterKind&);

Response description(const Request&, const pipeline::FilterKind& kind) {
  return respond_text(std::string(kind.description()) + "\n");
}
Response schema(const Request& request, const pipeline::FilterKind& kind) {
  return respond(request, kind.schema());
}
Response results(const Request& request, const pipeline::FilterKind& kind) {
  Json out = Json::array();
  for (const std::string_view result : kind.results()) out.push_back(result);
  return respond(request, out);
}

void add_of_filter(Router& router, const Controller& controller, std::string_view last,
                   OfFilter answer) {
  const std::string pattern = "/metadata/objects/pipeline/filters/{kind}/" + std::string(last);
  router.add({"metadata", "GET", pattern,
              [&controller, answer](const Request& request, const Names& names) {
                for (const auto& kind : controller.filter_kinds()) {
                  if (kind->name() == names[0]) return answer(request, *kind);
                }
                return respond_error(404, "no such kind of filter: " + names[0]);
              }});
}

}  // namespace

void add_metadata(Router& router, Context& context) {
  const Controller& controller = context.controller;
  router.add(
      {"metadata", "GET", "/object-kinds", [&controller](const Request& request, const Names&) {
         return respond(request, kind_names(controller));
       }});
  router.add({"metadata", "GET", "/object-api-resources",
              [&controller](const Request& request, const Names&) {
                return respond(request, api_resources(controller));
              }});
  router.add({"metadata", "GET", "/objects-yaml/{kind}/{name}",
              [&controller](const Request& request, const Names& names) {
                return default_yaml(controller, request, names);
              }});
  router.add({"metadata", "GET", "/metadata/objects/{kind}/schema",
              [&controller](const Request& request, const Names& names) {
                return object_schema(controller, request, names);
              }});
  router.add({"metadata", "GET", "/metadata/objects/pipeline/filters",
              [&controller](const Request& request, const Names&) {
                return respond(request, filter_names(controller));
              }});
  add_of_filter(router, controller, "description", description);
  add_of_filter(router, controller, "schema", schema);
  add_of_filter(router, controller, "results", results);
}

}  // namespace sluice::admin
