// SPDX-License-Identifier: Apache-2.0
// Verifies signatures that a client writes: in a header (first byte even) or in a URL. No text that
// was not signed with the key passes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/signer/verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  filters::SignatureSpec spec;
  spec.access_keys["ann"] = "never signed with";
  http::Request request;
  request.method = "GET";
  request.host = "shop.test";
  request.escaped_path = request.path = "/";
  if (data[0] % 2 == 0) {
    request.headers.add("Authorization", text);
    request.headers.add("X-Date", "20260131T120000Z");
  } else {
    request.query = text;
  }
  const filters::SignatureVerifier verifier(spec);
  if (verifier.fault_of(request, *filters::parse_sign_time("20260131T120000Z")).empty())
    std::abort();
  return 0;
}
