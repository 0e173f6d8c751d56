// SPDX-License-Identifier: Apache-2.0
#include "http/h2/response_head.h"

#include "http/chars.h"
#include "http/field_kind.h"

namespace sluice::http::h2 {
namespace {

bool never_has_content(int status) { return status == 204 || status == 304; }

// A guest may set any number. A final response cannot be 1xx.
int final_status(int status) { return status >= 200 && status <= 999 ? status : 500; }

bool may_stand(const http::Field& field) {
  return field_kind(field.name) == FieldKind::other && is_token(field.name) &&
         is_field_value(field.value);
}

}  // namespace

bool has_content(const Response& response, std::string_view method) {
  if (method == "HEAD" || never_has_content(response.status)) return false;
  const Body& body = response.body;
  return body.is_stream() || !body.bytes().empty() || body.trailers() != nullptr;
}

std::string_view ResponseHead::keep_lower(std::string_view name) {
  const std::size_t start = names_.size();
  for (const char c : name) names_.push_back(to_lower(c));
  return std::string_view(names_).substr(start);
}

const std::vector<ResponseHead::Field>& ResponseHead::fields(const Response& response,
                                                             std::string_view date) {
  fields_.clear();
  names_.clear();
  std::size_t name_bytes = 0;
  for (const http::Field& field : response.headers) name_bytes += field.name.size();
  names_.reserve(name_bytes);

  status_ = std::to_string(final_status(response.status));
  fields_.push_back({":status", status_});
  if (!date.empty() && !response.headers.contains("Date")) fields_.push_back({"date", date});
  if (const auto length = response.body.length(); length && !never_has_content(response.status)) {
    length_ = std::to_string(*length);
    fields_.push_back({"content-length", length_});
  }
  for (const http::Field& field : response.headers) {
    if (!may_stand(field)) continue;
    // Surrounding spaces would make the field malformed (section 8.2.1).
    fields_.push_back({keep_lower(field.name), trim_ows(field.value)});
  }
  return fields_;
}

}  // namespace sluice::http::h2
