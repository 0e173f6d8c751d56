// SPDX-License-Identifier: Apache-2.0
#include "admin/message.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/emit.h"

namespace sluice::admin {

ApiResponse respond(const ApiRequest& request, const Json& value, int status) {
  if (request.wants("yaml")) {
    return {
        .status = status, .content_type = std::string(kYamlType), .body = config::emit_yaml(value)};
  }
  return {.status = status, .content_type = std::string(kJsonType), .body = dump(value)};
}

ApiResponse respond_text(std::string text) {
  return {.content_type = std::string(kTextType), .body = std::move(text)};
}

ApiResponse respond_error(const Error& error) {
  const int status = status_of(error.kind);
  Json body = {{"code", status}, {"message", error.message}};
  if (!error.details.empty()) body["errors"] = error.details;
  return {.status = status, .content_type = std::string(kJsonType), .body = dump(body)};
}

ApiResponse respond_error(int status, std::string_view message) {
  const Json body = {{"code", status}, {"message", message}};
  return {.status = status, .content_type = std::string(kJsonType), .body = dump(body)};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::closed:
      return 400;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
    case ErrorKind::lost:
      return 503;
    case ErrorKind::internal:
      break;
  }
  return 500;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::int64_t> query_number(const ApiRequest& request, std::string_view name,
                                  std::int64_t absent, std::int64_t min, std::int64_t max) {
  const auto found = request.query.find(std::string(name));
  if (found == request.query.end()) return absent;
  const std::optional<std::int64_t> value = to_number<std::int64_t>(found->second);
  if (value && *value >= min && *value <= max) return *value;
  return fail(ErrorKind::invalid, "?" + std::string(name) + "= wants a number from " +
                                      std::to_string(min) + " to " + std::to_string(max));
}

bool query_flag(const ApiRequest& request, std::string_view name) {
  const auto found = request.query.find(std::string(name));
  if (found == request.query.end()) return false;
  return found->second.empty() || found->second == "true" || found->second == "1";
}

}  // namespace sluice::admin
