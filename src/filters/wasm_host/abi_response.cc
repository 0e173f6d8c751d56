// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/header_text.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "http/cookie.h"

namespace sluice::filters {
namespace {

using wasm::HostCall;

Result<void> get_status_code(HostCall& call) {
  SLUICE_TRY(const http::Response* response, response_of(call));
  call.return_i32(response->status);
  return {};
}

Result<void> set_status_code(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  const std::int32_t status = call.i32(0);
  if (status < 100 || status > 599) {
    return fail(ErrorKind::invalid, std::to_string(status) + " is not a status code (100 to 599)");
  }
  response->status = status;
  return {};
}

Result<void> get_header(HostCall& call) {
  SLUICE_TRY(const http::Response* response, response_of(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  return give_string(call, response->headers.get(name).value_or(""));
}

Result<void> get_all_header(HostCall& call) {
  SLUICE_TRY(const http::Response* response, response_of(call));
  return give_string(call, to_header_text(response->headers));
}

Result<void> set_all_header(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  SLUICE_TRY(const std::string_view text, take_text(call, call.u32(0), kHeaderTextBytesMax));
  SLUICE_TRY(response->headers, parse_header_text(text));
  return {};
}

Result<void> set_header(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  SLUICE_TRY(const std::string_view value, take_text(call, call.u32(1)));
  return set_field(response->headers, name, value);
}

Result<void> add_header(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  SLUICE_TRY(const std::string_view value, take_text(call, call.u32(1)));
  return add_field(response->headers, name, value);
}

Result<void> del_header(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  SLUICE_TRY(const std::string_view name, take_text(call, call.u32(0)));
  response->headers.remove(name);
  return {};
}

// ABI: what is no cookie is ignored.
Result<void> set_cookie(HostCall& call) {
  SLUICE_TRY(http::Response * response, edit_response(call));
  SLUICE_TRY(const std::string_view text, take_text(call, call.u32(0)));
  if (!http::is_set_cookie(text)) return {};
  return add_field(response->headers, "Set-Cookie", text);
}

Result<void> get_body(HostCall& call) {
  SLUICE_TRY(const http::Response* response, response_of(call));
  if (response->body.is_stream()) {
    return fail(ErrorKind::invalid,
                "the body of the response is a stream, which cannot be read whole");
  }
  return give_data(call, response->body.bytes());
}

Result<void> set_body(HostCall& call) {
  SLUICE_TRY(http::Response * response, response_of(call));
  SLUICE_TRY(const std::string_view bytes, take_data(call, call.u32(0)));
  call.context<HostContext>()->undo().save_body(*response);
  response->body.assign(std::string(bytes));
  return {};
}

constexpr wasm::HostFunction kFunctions[] = {
    {"host_resp_get_status_code", "", "i", get_status_code},
    {"host_resp_set_status_code", "i", "", set_status_code},
    {"host_resp_get_header", "i", "i", get_header},
    {"host_resp_get_all_header", "", "i", get_all_header},
    {"host_resp_set_header", "ii", "", set_header},
    {"host_resp_set_all_header", "i", "", set_all_header},
    {"host_resp_add_header", "ii", "", add_header},
    {"host_resp_del_header", "i", "", del_header},
    {"host_resp_set_cookie", "i", "", set_cookie},
    {"host_resp_get_body", "", "i", get_body},
    {"host_resp_set_body", "i", "", set_body},
};

}  // namespace

std::span<const wasm::HostFunction> response_functions() { return kFunctions; }

}  // namespace sluice::filters
