// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/header_text.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "http/cookie.h"
#include "http/field_twins.h"
#include "http/path.h"

namespace sluice::filters {
namespace {

using wasm::HostCall;

constexpr std::string_view kCookie = "Cookie";

template <auto member>
Result<void> get_text(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  return give_string(call, request->*member);
}

Result<void> get_real_ip(HostCall& call) {
  SLUICE_CHECK(request_of(call));
  return give_string(call, call.context<HostContext>()->exchange()->real_ip);
}

Result<void> get_proto(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  return give_string(call, http::to_string(request->version));
}

Result<void> set_method(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view method, take_text(call, call.u32(0)));
  if (!http::is_token(method)) return fail(ErrorKind::invalid, "that is not a method");
  request->method = method;
  return {};
}

Result<void> set_host(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view host, take_text(call, call.u32(0)));
  if (!http::is_host(host)) return fail(ErrorKind::invalid, "that is not a host name");
  request->host = host;
  return {};
}

Result<void> set_path(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view path, take_text(call, call.u32(0)));
  // A program that makes a path of the client's decoded one turns %2e%2e%2f into dot segments.
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

Result<void> set_query(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view query, take_text(call, call.u32(0)));
  if (!may_stand_in_target(query)) {
    return fail(ErrorKind::invalid, "a query with blanks, control characters or '#': encode them");
  }
  request->query = query;
  request->has_query = !query.empty();
  return {};
}

Result<void> get_header(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  return give_string(call, request->headers.get(name).value_or(""));
}

Result<void> get_all_header(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  return give_string(call, to_header_text(request->headers));
}

Result<void> set_all_header(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view text, take_text(call, call.u32(0), kHeaderTextBytesMax));
  SLUICE_TRY(request->headers, parse_header_text(text));
  return {};
}

Result<void> set_header(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  SLUICE_TRY(const std::string_view value, take_text(call, call.u32(1)));
  http::remove_twins(request->headers, name);
  return set_field(request->headers, name, value);
}

Result<void> add_header(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  SLUICE_TRY(const std::string_view value, take_text(call, call.u32(1)));
  return add_field(request->headers, name, value);
}

Result<void> del_header(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
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

Result<void> get_cookie(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  const std::string wanted = std::string(name) + "=";
  for (const std::string& cookie : cookies_of(*request)) {
    if (cookie.starts_with(wanted)) return give_string(call, cookie);
  }
  return give_string(call, "");
}

Result<void> get_all_cookie(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  return give_strings(call, cookies_of(*request));
}

Result<void> add_cookie(HostCall& call) {
  SLUICE_TRY(http::Request * request, edit_request(call));
  SLUICE_TRY(const std::string_view text, take_text(call, call.u32(0)));
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

Result<void> get_body(HostCall& call) {
  SLUICE_TRY(const http::Request* request, request_of(call));
  if (request->body.is_stream()) {
    return fail(ErrorKind::invalid,
                "the body of the request is a stream: set clientMaxBodySize to 0 or more");
  }
  return give_data(call, request->body.bytes());
}

Result<void> set_body(HostCall& call) {
  SLUICE_TRY(http::Request * request, request_of(call));
  SLUICE_TRY(const std::string_view bytes, take_data(call, call.u32(0)));
  call.context<HostContext>()->undo().save_body(*request);
  request->body.assign(std::string(bytes));
  return {};
}

constexpr wasm::HostFunction kFunctions[] = {
    {"host_req_get_real_ip", "", "i", get_real_ip},
    {"host_req_get_scheme", "", "i", get_text<&http::Request::scheme>},
    {"host_req_get_proto", "", "i", get_proto},
    {"host_req_get_method", "", "i", get_text<&http::Request::method>},
    {"host_req_set_method", "i", "", set_method},
    {"host_req_get_host", "", "i", get_text<&http::Request::host>},
    {"host_req_set_host", "i", "", set_host},
    {"host_req_get_path", "", "i", get_text<&http::Request::path>},
    {"host_req_set_path", "i", "", set_path},
    {"host_req_get_escaped_path", "", "i", get_text<&http::Request::escaped_path>},
    {"host_req_get_query", "", "i", get_text<&http::Request::query>},
    {"host_req_set_query", "i", "", set_query},
    {"host_req_get_fragment", "", "i", get_text<&http::Request::fragment>},
    {"host_req_get_header", "i", "i", get_header},
    {"host_req_get_all_header", "", "i", get_all_header},
    {"host_req_set_all_header", "i", "", set_all_header},
    {"host_req_set_header", "ii", "", set_header},
    {"host_req_add_header", "ii", "", add_header},
    {"host_req_del_header", "i", "", del_header},
    {"host_req_get_cookie", "i", "i", get_cookie},
    {"host_req_get_all_cookie", "", "i", get_all_cookie},
    {"host_req_add_cookie", "i", "", add_cookie},
    {"host_req_get_body", "", "i", get_body},
    {"host_req_set_body", "i", "", set_body},
};

}  // namespace

std::span<const wasm::HostFunction> request_functions() { return kFunctions; }

}  // namespace sluice::filters
