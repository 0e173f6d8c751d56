// SPDX-License-Identifier: Apache-2.0
#include "filters/header_rules.h"

#include "config/faults.h"
#include "http/exact_value.h"
#include "http/field_kind.h"
#include "http/headers.h"
#include "http/message.h"

namespace sluice::filters {

std::optional<std::string> header_fault(std::string_view name) {
  using enum http::FieldKind;
  if (!http::is_token(name)) return config::quote(name) + " is not a header name";
  switch (http::field_kind(name)) {
    case other:
    case host:
    case content_length:
      return std::nullopt;
    default:
      return "the gateway sets " + std::string(name) + " itself";
  }
}

std::optional<std::string> header_fault(std::string_view name, std::string_view value) {
  if (auto reason = header_fault(name)) return reason;
  if (!http::is_field_value(value)) return "has a control character in its value";
  if (http::field_kind(name) == http::FieldKind::host && !http::is_host(value))
    return config::quote(value) + " is not a host";
  return std::nullopt;
}

std::optional<std::string> own_header_fault(std::string_view name) {
  if (!http::is_token(name)) return config::quote(name) + " is not a header name";
  if (http::field_kind(name) == http::FieldKind::other) return std::nullopt;
  return config::quote(name) + " belongs to the connection";
}

std::optional<std::string> made_header_fault(std::string_view name, std::string_view value) {
  if (auto reason = header_fault(name, value)) return reason;
  if (!http::is_exact_value(value)) return "has a blank at an end of its value";
  return std::nullopt;
}

}  // namespace sluice::filters
