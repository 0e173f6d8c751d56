// SPDX-License-Identifier: Apache-2.0
// Reads Authorization and Cookie, password files, hashes and the answers of services.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "filters/validator/facts.h"
#include "filters/validator/htpasswd.h"
#include "filters/validator/introspection.h"
#include "filters/validator/password_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::filters;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::http::Request request;
  request.headers.add("Authorization", text);
  request.headers.add("Cookie", text);
  for (const auto& token : {bearer_token(request), cookie_or_bearer_token(request, "auth")}) {
    if (token.text.empty() == token.fault.empty()) std::abort();
  }
  if (const auto pair = read_basic(text); pair && pair->name.contains(':')) std::abort();
  std::vector<std::string> left_out;
  (void)HtpasswdTable::parse(text, left_out);
  (void)read_introspection(text, 0);
  return 0;
}
