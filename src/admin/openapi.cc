// SPDX-License-Identifier: Apache-2.0
#include "admin/openapi.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/shape.h"
#include "base/text.h"
#include "config/url_credentials.h"
#include "control/controller.h"
#include "control/schemas.h"

namespace sluice::admin {
namespace {

constexpr const char* kAbout =
    "The REST API of sluice-server, below /apis/v2, and /apis/v1 for older clients. An answer that "
    "may be JSON or YAML is YAML if Accept has `yaml`. A body is read as YAML, of which JSON is a "
    "part, whatever its Content-Type says. HEAD is answered as GET, without the body. A caller of "
    "`api-readers` may GET; a change takes an admin. Bytes that are no proper HTTP get 400, 408, "
    "413, 414, 431 or 505, and the connection ends. The server also answers GET /healthz and GET "
    "/readyz without credentials, /metrics is another name of /apis/v2/metrics, and / of "
    "/apis/v2/picture, which loads further files from its folder.";

constexpr const char* kErrorShape = "{code: integer, message, errors?: [text]}";
constexpr const char* kSchemas = "#/components/schemas/";
constexpr std::string_view kDefinitions = "#/$defs/";

struct CommonError {
  int status;
  const char* about;
};
// Every call may get these.
constexpr std::array kOfEveryCall{
    CommonError{400, "The path, the query or the body is refused"},
    CommonError{401, "Credentials are missing or wrong"},
    CommonError{403, "The caller may not do this, or is a web page of another server"},
    CommonError{429, "Too many failed logins from this address, or too many streams of the caller"},
    CommonError{500, "An error of the server"},
    CommonError{503, "The server cannot do this at present; nothing has changed"}};
constexpr std::array kOfSome{CommonError{404, "There is nothing of that name"},
                             CommonError{409, "What is there excludes the call"},
                             CommonError{413, "The body is too large"}};

struct PathPlaceholder {
  std::string_view name;
  const char* about;
  const char* schema;
};
constexpr const char* kNameSchema =
    R"({"type": "string", "pattern": "^[A-Za-z0-9_.~-]{1,253}$", "not": {"enum": [".", ".."]}})";
constexpr std::array kPlaceholders{
    PathPlaceholder{"name", "Name of the object or of the kind of custom data", kNameSchema},
    PathPlaceholder{"kind", "Name of a kind", kNameSchema},
    PathPlaceholder{"pipeline", "Name of a Pipeline", kNameSchema},
    PathPlaceholder{"filter", "Name of a filter of the Pipeline", kNameSchema},
    PathPlaceholder{"member", "Name of a member of the cluster", kNameSchema},
    PathPlaceholder{"hash", "SHA-256 of the code, in hex", kNameSchema},
    PathPlaceholder{"version", "A version of the objects",
                    R"({"type": "integer", "minimum": 0, "maximum": 9223372036854775807})"},
    PathPlaceholder{"level", "Level of the log",
                    R"({"type": "string", "enum": ["debug", "info", "warn", "error"]})"},
    PathPlaceholder{
        "id", "Id of an item of custom data, at most 256 bytes",
        R"({"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$", "not": {"const": "items"}})"}};

Json path_parameter(std::string_view name) {
  const auto known = std::ranges::find(kPlaceholders, name, &PathPlaceholder::name);
  Json parameter = {{"name", name}, {"in", "path"}, {"required", true}};
  if (known == kPlaceholders.end()) return parameter;
  parameter["description"] = known->about;
  parameter["schema"] = Json::parse(known->schema);
  return parameter;
}

Json words_of(std::string_view choices) {
  Json words = Json::array();
  while (!choices.empty()) words.push_back(take_until(choices, '|'));
  return words;
}

Json schema_of(const QueryParameter& parameter) {
  switch (parameter.type) {
    case QueryParameter::Type::flag:
      if (parameter.required) return {{"type", "boolean"}, {"const", true}};
      return {{"type", "boolean"}, {"default", false}};
    case QueryParameter::Type::number:
      return {{"type", "integer"}, {"minimum", parameter.min}, {"maximum", parameter.max}};
    case QueryParameter::Type::choice:
      return {{"type", "string"}, {"enum", words_of(parameter.choices)}};
    case QueryParameter::Type::text:
      break;
  }
  Json text = {{"type", "string"}};
  if (parameter.required) text["minLength"] = 1;
  return text;
}

Json query_parameter(const QueryParameter& parameter) {
  return {{"name", parameter.name},
          {"in", "query"},
          {"required", parameter.required},
          {"description", parameter.about},
          {"schema", schema_of(parameter)}};
}

// {media type: {schema}}
Result<Json> json_of(const Content& content) {
  Json out = Json::object();
  for (const std::string_view type : content.types) {
    Json& one = out[std::string(type)] = Json::object();
    if (content.shape.empty()) continue;
    const bool is_value = type == kJsonType || type == kYamlType;
    if (!is_value) continue;
    SLUICE_TRY(one["schema"], schema_of_shape(content.shape));
  }
  return out;
}

Json version_header() {
  return {{"X-Config-Version", {{"$ref", "#/components/headers/X-Config-Version"}}}};
}

Result<Json> json_of(const Answer& answer) {
  Json out = {{"description", answer.about}, {"headers", version_header()}};
  if (answer.content.types.empty()) return out;
  SLUICE_TRY(out["content"], json_of(answer.content));
  return out;
}

Json error_reference(int status) {
  return {{"$ref", "#/components/responses/" + std::to_string(status)}};
}

Result<Json> responses_of(const ApiRoute& route) {
  Json out = Json::object();
  for (const CommonError& error : kOfEveryCall)
    out[std::to_string(error.status)] = error_reference(error.status);
  for (const int status : route.about.errors) out[std::to_string(status)] = error_reference(status);
  if (route.method != "GET") out["413"] = error_reference(413);
  if (route.about.answers.empty()) {
    SLUICE_TRY(out["200"], json_of(Answer{}));
  }
  for (const Answer& answer : route.about.answers) {
    SLUICE_TRY(out[std::to_string(answer.status)], json_of(answer));
  }
  return out;
}

Result<Json> body_of(const ApiRoute& route) {
  Json body = {{"required", true}};
  SLUICE_TRY(body["content"], json_of(route.about.body));
  if (!route.intake)
    body["description"] = "At most " + std::to_string(route.body_bytes_max >> 20) + " MiB";
  return body;
}

// "get_objects_name"
std::string operation_id(const ApiRoute& route) {
  std::string id = lower_case(route.method);
  for (const char c : route.pattern) {
    if (c == '/') {
      id += '_';
    } else if (c != '{' && c != '}') {
      id += c;
    }
  }
  return id;
}

Result<Json> operation_of(const ApiRoute& route) {
  Json operation = {{"tags", {route.group}},
                    {"operationId", operation_id(route)},
                    {"summary", route.about.summary}};
  Json parameters = Json::array();
  for (std::string_view rest = route.pattern; !rest.empty();) {
    const std::string_view segment = take_until(rest, '/');
    if (segment.starts_with('{'))
      parameters.push_back(path_parameter(segment.substr(1, segment.size() - 2)));
  }
  for (const QueryParameter& parameter : route.about.query)
    parameters.push_back(query_parameter(parameter));
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!route.about.body.types.empty()) {
    SLUICE_TRY(operation["requestBody"], body_of(route));
  }
  SLUICE_TRY(operation["responses"], responses_of(route));
  return operation;
}

// Answers have secrets, as `<redacted>` or for an admin, so none of them is `writeOnly` here.
void mend_secret(Json& schema) {
  const auto secret = schema.find("writeOnly");
  if (secret == schema.end() || !secret->is_boolean()) return;
  schema.erase(secret);
  schema["x-secret"] = true;
  const auto pattern = schema.find("pattern");
  if (pattern == schema.end()) return;
  *pattern = "^" + std::string(config::kRedacted) + "$|" + pattern->get<std::string>();
}

// References into a document of its own become references into this one.
void mend_definition(Json& schema) {
  if (!schema.is_structured()) return;
  for (Json& inner : schema) mend_definition(inner);
  if (!schema.is_object()) return;
  mend_secret(schema);
  const auto reference = schema.find("$ref");
  if (reference == schema.end() || !reference->is_string()) return;
  const auto& place = reference->get_ref<const std::string&>();
  if (place.starts_with(kDefinitions)) *reference = kSchemas + place.substr(kDefinitions.size());
}

Json choice_of_objects(const control::Schemas& schemas) {
  Json choice = {{"type", "object"}, {"discriminator", {{"propertyName", "kind"}}}};
  for (const control::Schemas::Entry& entry : schemas.entries()) {
    if (entry.group == control::Schemas::Group::object)
      choice["oneOf"].push_back({{"$ref", kSchemas + entry.kind}});
  }
  return choice;
}

Result<Json> components_of(const control::Schemas& schemas) {
  Json definitions = schemas.definitions();
  mend_definition(definitions);
  definitions["Object"] = choice_of_objects(schemas);
  SLUICE_TRY(definitions["Error"], schema_of_shape(kErrorShape));
  Json responses = Json::object();
  const auto add = [&responses](const CommonError& error) {
    Json& response = responses[std::to_string(error.status)];
    response["description"] = error.about;
    response["content"][std::string(kJsonType)]["schema"]["$ref"] = std::string(kSchemas) + "Error";
  };
  for (const CommonError& error : kOfEveryCall) add(error);
  for (const CommonError& error : kOfSome) add(error);
  return Json{
      {"schemas", std::move(definitions)},
      {"responses", std::move(responses)},
      {"headers",
       {{"X-Config-Version",
         {{"description", "Number of the configuration in force, which grows with each change"},
          {"schema", {{"type", "integer"}, {"minimum", 0}}}}}}},
      {"securitySchemes",
       {{"basic", {{"type", "http"}, {"scheme", "basic"}}},
        {"token", {{"type", "http"}, {"scheme", "bearer"}}},
        {"certificate", {{"type", "mutualTLS"}}}}}};
}

Json security() {
  const Json nothing_more = Json::array();
  return Json::array({Json::object(), Json{{"basic", nothing_more}}, Json{{"token", nothing_more}},
                      Json{{"certificate", nothing_more}}});
}

}  // namespace

Result<Json> openapi_document(const ApiRouter& router, const control::Schemas& schemas) {
  Json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Sluice"}, {"version", SLUICE_VERSION}, {"description", kAbout}}},
      {"servers", {{{"url", "/apis/v2"}}}},
      {"security", security()},
      {"paths", Json::object()}};
  for (const ApiRoute* route : router.routes()) {
    if (route->about.is_part_of_page) continue;
    const std::string path = route->pattern.empty() ? "/" : route->pattern;
    SLUICE_TRY(document["paths"][path][lower_case(route->method)], operation_of(*route));
  }
  SLUICE_TRY(document["components"], components_of(schemas));
  return document;
}

void add_openapi(ApiRouter& router, Context& context) {
  router.add(
      {.group = "admin",
       .method = "GET",
       .pattern = "/openapi",
       .handler = [&router, &context](const ApiRequest& request,
                                      const PathNames&) -> Result<ApiResponse> {
         const control::Schemas schemas(context.controller.object_kinds(),
                                        context.controller.filter_kinds());
         SLUICE_TRY(const Json document, openapi_document(router, schemas));
         return respond(request, document);
       },
       .about = {.summary = "This document, OpenAPI 3.1",
                 .answers = {{200, value_of("{openapi, paths: {*: any}}"), "The document"}}}});
}

}  // namespace sluice::admin
