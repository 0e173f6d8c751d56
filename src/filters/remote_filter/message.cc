// SPDX-License-Identifier: Apache-2.0
#include "filters/remote_filter/message.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "http/chars.h"
#include "http/exact_value.h"
#include "http/field_kind.h"
#include "http/path.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kFieldsMax = 200;
constexpr int kEmptyStatus = 200;

Json json_of(const http::Headers& headers) {
  Json out = Json::object();
  for (const auto& [name, value] : headers) out[http::canonical_name(name)].push_back(value);
  return out;
}

Result<std::string> encode_body(const http::Body& body) {
  if (body.is_stream()) return std::string();
  if (body.bytes().size() > kRemoteBodyBytesMax)
    return fail(ErrorKind::too_large, "a body is too large for the service");
  return base64_encode(body.bytes());
}

std::unexpected<Error> wrong(std::string_view member) {
  return fail(ErrorKind::invalid, "the reply has a wrong " + std::string(member));
}

// The member as text; nullopt if it is absent or null.
Result<std::optional<std::string>> text_of(const Json& map, const char* name) {
  const auto found = map.find(name);
  if (found == map.end() || found->is_null()) return std::optional<std::string>();
  if (!found->is_string()) return wrong(name);
  return std::optional(found->get<std::string>());
}

Result<std::optional<std::string>> body_of(const Json& map) {
  SLUICE_TRY(auto text, text_of(map, "body"));
  if (!text) return std::optional<std::string>();
  auto bytes = base64_decode(*text);
  if (!bytes) return wrong("body");
  return bytes;
}

Result<void> add_values(const std::string& name, const Json& values, http::Headers& headers) {
  if (!http::is_token(name)) return wrong("header");
  const Json one = values.is_string() ? Json::array({values}) : values;
  if (!one.is_array()) return wrong("header");
  for (const Json& value : one) {
    if (!value.is_string() || headers.size() >= kFieldsMax) return wrong("header");
    const auto& text = value.get_ref<const std::string&>();
    if (!http::is_exact_value(text)) return wrong("header");
    headers.add(name, text);
  }
  return {};
}

Result<std::optional<http::Headers>> headers_of(const Json& map) {
  const auto found = map.find("header");
  if (found == map.end() || found->is_null()) return std::optional<http::Headers>();
  if (!found->is_object()) return wrong("header");
  http::Headers headers;
  for (const auto& [name, values] : found->items()) SLUICE_CHECK(add_values(name, values, headers));
  return std::optional(std::move(headers));
}

bool is_good_path(const std::string& path) {
  return path.starts_with('/') && !path.contains('\0') && !http::has_dot_segments(path);
}

Result<RemoteRequest> request_of(const Json& map) {
  RemoteRequest out;
  SLUICE_TRY(out.method, text_of(map, "method"));
  if (out.method && !http::is_token(*out.method)) return wrong("method");
  SLUICE_TRY(out.host, text_of(map, "host"));
  if (out.host && !out.host->empty() && !http::is_host(*out.host)) return wrong("host");
  SLUICE_TRY(out.path, text_of(map, "path"));
  if (out.path && !is_good_path(*out.path)) return wrong("path");
  SLUICE_TRY(out.query, text_of(map, "query"));
  if (out.query && !http::all_in(http::kTargetChars, *out.query)) return wrong("query");
  SLUICE_TRY(out.headers, headers_of(map));
  SLUICE_TRY(out.body, body_of(map));
  return out;
}

Result<RemoteResponse> response_of(const Json& map) {
  RemoteResponse out;
  if (const auto status = map.find("statusCode"); status != map.end() && !status->is_null()) {
    const bool good = status->is_number_integer() && *status >= 200 && *status <= 599;
    if (!good) return wrong("statusCode");
    out.status = status->get<int>();
  }
  SLUICE_TRY(out.headers, headers_of(map));
  SLUICE_TRY(out.body, body_of(map));
  return out;
}

// Puts `fields` in the place of the headers that concern neither the hop nor the framing.
void replace_fields(const http::Headers& fields, http::Headers& headers) {
  http::Headers next;
  for (const auto& [name, value] : headers) {
    if (http::field_kind(name) != http::FieldKind::other) next.add(name, value);
  }
  for (const auto& [name, value] : fields) {
    if (http::field_kind(name) == http::FieldKind::other) next.add(name, value);
  }
  headers = std::move(next);
}

}  // namespace

bool RemoteResponse::is_empty() const {
  const bool plain = !status || *status == kEmptyStatus;
  return plain && (!headers || headers->empty()) && (!body || body->empty());
}

Result<std::string> to_remote(const http::Request& request, std::string_view real_ip,
                              const http::Response* response) {
  SLUICE_TRY(auto body, encode_body(request.body));
  Json json;
  json["request"] = {{"realIP", real_ip},
                     {"method", request.method},
                     {"scheme", request.scheme},
                     {"host", request.host},
                     {"path", request.path},
                     {"query", request.query},
                     {"fragment", request.fragment},
                     {"proto", http::to_string(request.version)},
                     {"header", json_of(request.headers)},
                     {"body", std::move(body)}};
  json["response"] = {{"statusCode", kEmptyStatus}, {"header", Json::object()}, {"body", ""}};
  if (response != nullptr) {
    SLUICE_TRY(auto answer, encode_body(response->body));
    json["response"] = {{"statusCode", response->status},
                        {"header", json_of(response->headers)},
                        {"body", std::move(answer)}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RemoteReply> parse_remote(std::string_view text) {
  RemoteReply reply;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::invalid, "the reply is no JSON object");
  if (const auto part = json.find("request"); part != json.end() && !part->is_null()) {
    if (!part->is_object()) return wrong("request");
    SLUICE_TRY(reply.request, request_of(*part));
  }
  if (const auto part = json.find("response"); part != json.end() && !part->is_null()) {
    if (!part->is_object()) return wrong("response");
    SLUICE_TRY(reply.response, response_of(*part));
  }
  return reply;
}

void apply(RemoteRequest changes, http::Request& request) {
  if (changes.method && !changes.method->empty()) request.method = *std::move(changes.method);
  if (changes.host && !changes.host->empty()) request.host = *std::move(changes.host);
  if (changes.path) request.set_path(*changes.path);
  if (changes.query && *changes.query != request.query) {
    request.has_query = !changes.query->empty();
    request.query = *std::move(changes.query);
  }
  if (changes.headers) replace_fields(*changes.headers, request.headers);
  if (!changes.body) return;
  const bool same =
      request.body.is_stream() ? changes.body->empty() : *changes.body == request.body.bytes();
  if (!same) request.body.assign(*std::move(changes.body));
}

void apply(RemoteResponse changes, http::Response& response) {
  if (changes.status) response.status = *changes.status;
  if (changes.headers) replace_fields(*changes.headers, response.headers);
  if (!changes.body) return;
  const bool same =
      response.body.is_stream() ? changes.body->empty() : *changes.body == response.body.bytes();
  if (!same) response.body.assign(*std::move(changes.body));
}

}  // namespace sluice::filters
