// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/undo.h"

#include <utility>

#include "http/withheld_trailers.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kClaimsMax = 1000;

void copy_head(const http::Request& from, http::Request& to) {
  to.version = from.version;
  to.method = from.method;
  to.scheme = from.scheme;
  to.host = from.host;
  to.escaped_path = from.escaped_path;
  to.path = from.path;
  to.query = from.query;
  to.has_query = from.has_query;
  to.fragment = from.fragment;
  to.headers = from.headers;
}

void copy_head(const http::Response& from, http::Response& to) {
  to.status = from.status;
  to.headers = from.headers;
}

Result<void> add_claim(const http::Body& body, std::string_view name, http::FieldTwins& fields) {
  if (!http::may_bring_trailers(body)) return {};
  if (fields.size() >= kClaimsMax)
    return fail(ErrorKind::too_large, "more than 1000 header fields of a message with trailers");
  fields.add(name);
  return {};
}

}  // namespace

Result<void> Undo::claim(const http::Request& request, std::string_view name) {
  return add_claim(request.body, name, request_fields_);
}

Result<void> Undo::claim(const http::Response& response, std::string_view name) {
  return add_claim(response.body, name, response_fields_);
}

void Undo::keep() {
  if (!request_fields_.empty()) http::withhold_trailers(exchange_.request()->body, request_fields_);
  if (!response_fields_.empty())
    http::withhold_trailers(exchange_.response()->body, response_fields_);
}

void Undo::save_head(const http::Request& request) {
  if (!request_head_) copy_head(request, request_head_.emplace());
}

void Undo::save_head(const http::Response& response) {
  if (!response_head_) copy_head(response, response_head_.emplace());
}

void Undo::save_body(http::Request& request) {
  if (!request_body_) request_body_ = std::exchange(request.body, http::Body());
}

void Undo::save_body(http::Response& response) {
  if (!response_body_) response_body_ = std::exchange(response.body, http::Body());
}

void Undo::restore() {
  exchange_.tags().resize(tags_);
  if (request_head_) copy_head(*request_head_, *exchange_.request());
  if (request_body_) exchange_.request()->body = std::move(*request_body_);
  if (response_head_) copy_head(*response_head_, *exchange_.response());
  if (response_body_) exchange_.response()->body = std::move(*response_body_);
  request_head_.reset();
  request_body_.reset();
  response_head_.reset();
  response_body_.reset();
  request_fields_ = {};
  response_fields_ = {};
}

}  // namespace sluice::filters
