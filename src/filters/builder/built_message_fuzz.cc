// SPDX-License-Identifier: Apache-2.0
// Any output of a template: what becomes a request or a response can be sent.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "filters/builder/built_message.h"
#include "http/path.h"

namespace {

namespace http = sluice::http;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_headers(const http::Headers& headers) {
  for (const http::Field& field : headers)
    check(http::is_token(field.name) && http::is_field_value(field.value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sluice::filters::MadeYaml text;
  text.rendered.text = bytes;
  for (const auto form : {sluice::templates::TextForm::plain, sluice::templates::TextForm::json})
    text.rendered.values.push_back({std::string(bytes), form});
  http::Request request;
  request.host = "a";
  if (sluice::filters::build_request(text, request)) {
    check(http::is_token(request.method) && http::is_host(request.host));
    check(request.escaped_path.starts_with('/'));
    std::string path = request.escaped_path;
    check(!http::normalize_path(path).had_dots);
    check_headers(request.headers);
  }
  http::Response response;
  if (sluice::filters::build_response(text, response)) {
    check(response.status >= 200 && response.status < 600);
    check_headers(response.headers);
  }
  (void)sluice::filters::data_of_yaml(text);
  return 0;
}
