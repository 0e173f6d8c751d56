// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/header_text.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "http/cookie.h"
#include "http/field_twins.h"
#include "http/path.h"
#include "wasm/host_function.h"

namespace sluice::filters {
namespace {

using wasm::host_function;

constexpr std::string_view kCookie = "Cookie";

template <auto member>
GuestString get_text(SeenRequest request) {
  return GuestString{(*request).*member};
}

GuestString get_real_ip(RunExchange exchange) { return GuestString{exchange->real_ip}; }

GuestString get_proto(SeenRequest request) {
  return GuestString{http::to_string(request->version)};
}

Result<void> set_method(EditedRequest request, GuestText method) {
  if (!http::is_token(method)) return fail(ErrorKind::invalid, "that is not a method");
  request->method = method;
  return {};
}

Result<void> set_host(EditedRequest request, GuestText host) {
  if (!http::is_host(host)) return fail(ErrorKind::invalid, "that is not a host name");
  request->host = host;
  return {};
}

Result<void> set_path(EditedRequest request, GuestText path) {
  // A program that builds a path from the decoded one turns %2e%2e%2f into dot segments.
  if (path != request->path && http::has_dot_segments(path))
    return fail(ErrorKind::invalid, "a path with . or .. segments: build it without them");
  request->set_path(std::string(path));
  return {};
}

bool may_stand_in_target(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#') return false;
  }
  return true;
}

Result<void> set_query(EditedRequest request, GuestText query) {
  if (!may_stand_in_target(query)) {
    return fail(ErrorKind::invalid, "a query with blanks, control characters or '#': encode them");
  }
  request->query = query;
  request->has_query = !query.empty();
  return {};
}

GuestString get_header(SeenRequest request, GuestText name) {
  return GuestString{request->headers.get(name).value_or("")};
}

OwnedGuestString get_all_header(SeenRequest request) {
  return OwnedGuestString{to_header_text(request->headers)};
}

Result<void> set_all_header(EditedRequest request, HostContext& context, GuestHeaderText text) {
  SLUICE_TRY(auto fields, parse_header_text(text));
  SLUICE_CHECK(context.claim(*request, request->headers));
  SLUICE_CHECK(context.claim(*request, fields));
  request->headers = std::move(fields);
  return {};
}

Result<void> set_header(EditedRequest request, HostContext& context, GuestText name,
                        GuestText value) {
  SLUICE_CHECK(context.claim(*request, name));
  http::remove_twins(request->headers, name);
  return set_field(request->headers, name, value);
}

Result<void> add_header(EditedRequest request, HostContext& context, GuestText name,
                        GuestText value) {
  SLUICE_CHECK(context.claim(*request, name));
  return add_field(request->headers, name, value);
}

Result<void> del_header(EditedRequest request, HostContext& context, GuestText name) {
  SLUICE_CHECK(context.claim(*request, name));
  http::remove_twins(request->headers, name);
  request->headers.remove(name);
  return {};
}

std::vector<std::string> cookies_of(const http::Request& request) {
  std::vector<std::string> cookies;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, kCookie)) continue;
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      cookies.push_back(std::string(pair.name) + "=" + std::string(pair.value));
    }
  }
  return cookies;
}

OwnedGuestString get_cookie(SeenRequest request, GuestText name) {
  const std::string wanted = std::string(name) + "=";
  for (std::string& cookie : cookies_of(*request)) {
    if (cookie.starts_with(wanted)) return OwnedGuestString{std::move(cookie)};
  }
  return OwnedGuestString{};
}

GuestStringArray get_all_cookie(SeenRequest request) {
  return GuestStringArray{cookies_of(*request)};
}

Result<void> add_cookie(EditedRequest request, GuestText text) {
  std::string all;
  for (const http::Field& field : request->headers) {
    if (!http::iequals(field.name, kCookie)) continue;
    if (!all.empty()) all += "; ";
    all += field.value;
  }
  for (const http::CookiePair& pair : http::parse_cookies(text)) {
    if (!all.empty()) all += "; ";
    all.append(pair.name).append("=").append(pair.value);
  }
  if (all.size() > kTextBytesMax) return fail(ErrorKind::too_large, "more than 64 KiB of cookies");
  return all.empty() ? Result<void>() : set_field(request->headers, kCookie, all);
}

Result<GuestData> get_body(SeenRequestBody body) {
  if (body->is_stream()) {
    return fail(ErrorKind::invalid,
                "the body of the request is a stream: set clientMaxBodySize to 0 or more");
  }
  return GuestData{body->bytes()};
}

Result<void> set_body(HostContext& context, EditedRequestBody request, GuestBody bytes) {
  return context.make_body(request->body, bytes);
}

constexpr wasm::HostFunction kRequestFunctions[] = {
    host_function<get_real_ip>("host_req_get_real_ip"),
    host_function<get_text<&http::Request::scheme>>("host_req_get_scheme"),
    host_function<get_proto>("host_req_get_proto"),
    host_function<get_text<&http::Request::method>>("host_req_get_method"),
    host_function<set_method>("host_req_set_method"),
    host_function<get_text<&http::Request::host>>("host_req_get_host"),
    host_function<set_host>("host_req_set_host"),
    host_function<get_text<&http::Request::path>>("host_req_get_path"),
    host_function<set_path>("host_req_set_path"),
    host_function<get_text<&http::Request::escaped_path>>("host_req_get_escaped_path"),
    host_function<get_text<&http::Request::query>>("host_req_get_query"),
    host_function<set_query>("host_req_set_query"),
    host_function<get_text<&http::Request::fragment>>("host_req_get_fragment"),
    host_function<get_header>("host_req_get_header"),
    host_function<get_all_header>("host_req_get_all_header"),
    host_function<set_all_header>("host_req_set_all_header"),
    host_function<set_header>("host_req_set_header"),
    host_function<add_header>("host_req_add_header"),
    host_function<del_header>("host_req_del_header"),
    host_function<get_cookie>("host_req_get_cookie"),
    host_function<get_all_cookie>("host_req_get_all_cookie"),
    host_function<add_cookie>("host_req_add_cookie"),
    host_function<get_body>("host_req_get_body"),
    host_function<set_body>("host_req_set_body"),
};

}  // namespace

std::span<const wasm::HostFunction> request_functions() { return kRequestFunctions; }

}  // namespace sluice::filters
