// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/field_map.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "filters/wasm_host/header_text.h"
#include "filters/wasm_host/marshal.h"
#include "http/path.h"
#include "http/trailers.h"
#include "http/withheld_trailers.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr std::string_view kPseudoMethod = ":method";
constexpr std::string_view kPseudoPath = ":path";
constexpr std::string_view kPseudoAuthority = ":authority";
constexpr std::string_view kPseudoScheme = ":scheme";
constexpr std::string_view kPseudoStatus = ":status";
constexpr std::array kOfRequest = {kPseudoMethod, kPseudoPath, kPseudoAuthority, kPseudoScheme};
constexpr int kStatusMin = 200;
constexpr int kStatusMax = 599;

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool is_pseudo(std::string_view name) { return name.starts_with(':'); }
bool is_host_field(std::string_view name) { return http::iequals(name, "host"); }

std::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorKind::invalid, std::string(what));
}

// Where the target of a request may have come from a client.
Result<void> set_path(http::Request& request, std::string_view target) {
  http::Request parsed;
  if (!parsed.set_target(target) || !target.starts_with('/')) return wrong("that is not a path");
  if (parsed.path != request.path && http::has_dot_segments(parsed.path))
    return wrong("a path with . or .. segments");
  if (!request.set_target(target)) return wrong("that is not a path");
  return {};
}

}  // namespace

std::optional<FieldMap> FieldMap::of(Plugin& plugin, MapType type) {
  FieldMap map;
  if (type == MapType::call_headers || type == MapType::call_trailers) {
    if (plugin.call_response == nullptr || plugin.call_response->failed) return std::nullopt;
    auto& response = const_cast<http::Response&>(plugin.call_response->response);  // not editable_
    if (type == MapType::call_headers) {
      map.response_ = &response;
      map.fields_ = &response.headers;
    } else {
      map.fields_ = const_cast<http::Headers*>(response.body.trailers());
      map.trailers_ = true;
    }
    return map.fields_ != nullptr ? std::optional(std::move(map)) : std::nullopt;
  }
  Stream* stream = plugin.stream();
  if (stream == nullptr) return std::nullopt;
  const bool here = stream->exchange != nullptr;
  const auto past = [](auto& kept) { return kept ? &*kept : nullptr; };
  switch (type) {
    case MapType::request_headers:
      map.request_ = here ? stream->exchange->request() : past(stream->past_request);
      if (map.request_ != nullptr) map.fields_ = &map.request_->headers;
      map.editable_ = here && stream->request_open;
      map.claimed_ = &stream->request_claims;
      break;
    case MapType::response_headers:
      map.response_ = here ? stream->exchange->response() : past(stream->past_response);
      if (map.response_ != nullptr) map.fields_ = &map.response_->headers;
      map.editable_ = here && stream->response_open;
      map.claimed_ = &stream->response_claims;
      break;
    case MapType::request_trailers:
      map.fields_ = stream->request_trailers.get();
      map.editable_ = map.trailers_ = true;
      break;
    default:
      map.fields_ = stream->response_trailers.get();
      map.editable_ = map.trailers_ = true;
  }
  return map.fields_ != nullptr ? std::optional(std::move(map)) : std::nullopt;
}

std::optional<std::string> FieldMap::get_pseudo(std::string_view name) const {
  if (response_ != nullptr && name == kPseudoStatus) return std::to_string(response_->status);
  if (request_ == nullptr) return std::nullopt;
  if (name == kPseudoMethod) return request_->method;
  if (name == kPseudoPath) return request_->target();
  if (name == kPseudoAuthority) return request_->host;
  if (name == kPseudoScheme) return request_->scheme;
  return std::nullopt;
}

std::optional<std::string> FieldMap::get(std::string_view name) const {
  if (is_pseudo(name)) return get_pseudo(name);
  if (request_ != nullptr && is_host_field(name)) return request_->host;
  std::optional<std::string> found;
  for (const http::Field& field : *fields_) {
    if (!http::iequals(field.name, name)) continue;
    if (found) {
      found->append(", ").append(field.value);
    } else {
      found = field.value;
    }
  }
  return found;
}

const Pairs& FieldMap::pairs() {
  pairs_.clear();
  texts_.clear();
  const auto add_pseudo = [this](std::string_view name) {
    if (auto value = get_pseudo(name))
      pairs_.emplace_back(name, texts_.emplace_back(*std::move(value)));
  };
  for (const std::string_view name : kOfRequest) add_pseudo(name);
  add_pseudo(kPseudoStatus);
  for (const http::Field& field : *fields_)
    pairs_.emplace_back(texts_.emplace_back(lower(field.name)), field.value);
  return pairs_;
}

Result<void> FieldMap::check_change(std::string_view name, std::string_view value) const {
  if (!editable_) return wrong("the message cannot be changed now");
  if (name.size() > kTextBytesMax) return wrong("a name of more than 64 KiB");
  const bool first_line = is_pseudo(name) || is_host_field(name);
  if (value.size() > (first_line ? kTextBytesMax : kGuestFieldBytesMax))
    return wrong("a value that is too long");
  if (trailers_ && !is_pseudo(name) && !http::may_be_trailer(name))
    return wrong("that field is none of a trailer");
  return {};
}

Result<void> FieldMap::claim(std::string_view name) {
  const http::Body* body = request_ != nullptr    ? &request_->body
                           : response_ != nullptr ? &response_->body
                                                  : nullptr;
  if (body != nullptr && http::may_bring_trailers(*body)) {
    if (!claimed_->add(name)) return wrong("too many names of fields in a message with trailers");
  }
  if (request_ != nullptr) http::claim_field(*request_, name);
  if (response_ != nullptr) http::withhold_trailer(response_->body, name);
  return {};
}

Result<void> FieldMap::set_in_request(std::string_view name, std::string_view value) {
  if (name == kPseudoPath) return set_path(*request_, value);
  if (name == kPseudoScheme) return {};  // of the client's connection; Proxy has its own
  if (name == kPseudoMethod && http::is_token(value)) {
    request_->method = value;
    return {};
  }
  if (name == kPseudoAuthority && http::is_host(value)) {
    request_->host = value;
    return {};
  }
  return wrong("that is no value of " + std::string(name));
}

Result<void> FieldMap::set_pseudo(std::string_view name, std::string_view value) {
  if (request_ != nullptr) return set_in_request(name, value);
  if (response_ == nullptr || name != kPseudoStatus) return wrong("the message has no such part");
  const auto status = to_number<int>(value);
  if (!status || *status < kStatusMin || *status > kStatusMax) return wrong("that is not a status");
  response_->status = *status;
  return {};
}

Result<void> FieldMap::set(std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_change(name, value));
  if (is_pseudo(name)) return set_pseudo(name, value);
  if (request_ != nullptr && is_host_field(name)) return set_in_request(kPseudoAuthority, value);
  SLUICE_CHECK(claim(name));
  return set_field(*fields_, name, value);
}

Result<void> FieldMap::add(std::string_view name, std::string_view value) {
  SLUICE_CHECK(check_change(name, value));
  if (is_pseudo(name) || (request_ != nullptr && is_host_field(name))) return set(name, value);
  SLUICE_CHECK(claim(name));
  return add_field(*fields_, name, value);
}

Result<void> FieldMap::remove(std::string_view name) {
  SLUICE_CHECK(check_change(name, ""));
  if (is_pseudo(name)) return wrong("the first line of a message cannot be removed");
  SLUICE_CHECK(claim(name));
  fields_->remove(name);
  return {};
}

Result<void> FieldMap::replace_all(const Pairs& pairs) {
  SLUICE_TRY(http::Headers made, fields_of(pairs));
  for (const auto& [name, value] : pairs) {
    SLUICE_CHECK(check_change(name, value));
    if (is_pseudo(name)) SLUICE_CHECK(set_pseudo(name, value));
    if (request_ != nullptr && is_host_field(name))
      SLUICE_CHECK(set_in_request(kPseudoAuthority, value));
  }
  if (!editable_) return wrong("the message cannot be changed now");
  for (const http::Field& field : http::Headers(*fields_)) SLUICE_CHECK(claim(field.name));
  for (const http::Field& field : made) SLUICE_CHECK(claim(field.name));
  *fields_ = std::move(made);
  return {};
}

Result<http::Headers> fields_of(const Pairs& pairs) {
  GuestFields fields;
  for (const auto& [name, value] : pairs) {
    if (is_pseudo(name) || is_host_field(name)) continue;
    SLUICE_CHECK(fields.add(name, value));
  }
  return fields.take();
}

}  // namespace sluice::filters::proxy_wasm
