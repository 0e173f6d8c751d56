// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/header_text.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "http/cookie.h"
#include "wasm/host_function.h"

namespace sluice::filters {
namespace {

using wasm::host_function;

std::int32_t get_status_code(SeenResponse response) { return response->status; }

Result<void> set_status_code(EditedResponse response, std::int32_t status) {
  if (status < 200 || status > 599) {
    return fail(ErrorKind::invalid, std::to_string(status) + " is not a status code (200 to 599)");
  }
  response->status = status;
  return {};
}

GuestString resp_get_header(SeenResponse response, GuestText name) {
  return GuestString{response->headers.get(name).value_or("")};
}

OwnedGuestString resp_get_all_header(SeenResponse response) {
  return OwnedGuestString{to_header_text(response->headers)};
}

Result<void> resp_set_all_header(EditedResponse response, HostContext& context,
                                 GuestHeaderText text) {
  SLUICE_TRY(auto fields, parse_header_text(text));
  SLUICE_CHECK(context.claim(*response, response->headers));
  SLUICE_CHECK(context.claim(*response, fields));
  response->headers = std::move(fields);
  return {};
}

Result<void> resp_set_header(EditedResponse response, HostContext& context, GuestText name,
                             GuestText value) {
  SLUICE_CHECK(context.claim(*response, name));
  return set_field(response->headers, name, value);
}

Result<void> resp_add_header(EditedResponse response, HostContext& context, GuestText name,
                             GuestText value) {
  SLUICE_CHECK(context.claim(*response, name));
  return add_field(response->headers, name, value);
}

Result<void> resp_del_header(EditedResponse response, HostContext& context, GuestText name) {
  SLUICE_CHECK(context.claim(*response, name));
  response->headers.remove(name);
  return {};
}

// ABI: text that is not a cookie is ignored.
Result<void> set_cookie(EditedResponse response, GuestText text) {
  if (!http::is_set_cookie(text)) return {};
  return add_field(response->headers, "Set-Cookie", text);
}

Result<GuestData> resp_get_body(SeenResponseBody body) {
  if (body->is_stream()) {
    return fail(ErrorKind::invalid,
                "the body of the response is a stream, which cannot be read whole");
  }
  return GuestData{body->bytes()};
}

Result<void> resp_set_body(HostContext& context, EditedResponseBody response, GuestBody bytes) {
  return context.make_body(response->body, bytes);
}

constexpr wasm::HostFunction kResponseFunctions[] = {
    host_function<get_status_code>("host_resp_get_status_code"),
    host_function<set_status_code>("host_resp_set_status_code"),
    host_function<resp_get_header>("host_resp_get_header"),
    host_function<resp_get_all_header>("host_resp_get_all_header"),
    host_function<resp_set_header>("host_resp_set_header"),
    host_function<resp_set_all_header>("host_resp_set_all_header"),
    host_function<resp_add_header>("host_resp_add_header"),
    host_function<resp_del_header>("host_resp_del_header"),
    host_function<set_cookie>("host_resp_set_cookie"),
    host_function<resp_get_body>("host_resp_get_body"),
    host_function<resp_set_body>("host_resp_set_body"),
};

}  // namespace

std::span<const wasm::HostFunction> response_functions() { return kResponseFunctions; }

}  // namespace sluice::filters
