// SPDX-License-Identifier: Apache-2.0
// Invariants: the result does not depend on the cut of the bytes, and an accepted message is
// unchanged after it is written for a backend and parsed again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/serializer.h"
#include "http/h1/testing/transcript.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h1;

constexpr RequestLimits kLimits{.head_bytes_max = 1024, .target_bytes_max = 256, .fields_max = 16};

void require(bool holds) {
  if (!holds) std::abort();
}

// Returns the parts of a message that append_request_head keeps.
std::string kept(Request& request) {
  request.version = Version::http11;
  for (const char* name :
       {"TE", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
        "Connection", "Upgrade", "Expect", "Content-Length", "Transfer-Encoding"}) {
    request.headers.remove(name);
  }
  return describe(request);
}

void check_round_trip(Request& request, const RequestParser& parser) {
  if (request.host.empty()) request.host = "none";  // HTTP/1.0
  std::string bytes;
  append_request_head(bytes, request, parser.content_length());
  Request again;
  RequestParser second;
  second.start(again);
  const auto result = second.parse(bytes);
  require(result.state == ParseState::head && result.consumed == bytes.size());
  require(second.content_length() == parser.content_length());
  require(kept(request) == kept(again));
}

void check_first_request(std::string_view input) {
  Request request;
  RequestParser parser(kLimits);
  parser.start(request);
  if (parser.parse(input).state == ParseState::head) check_round_trip(request, parser);
}

}  // namespace

// The first byte selects where the rest is cut in two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(data + 1, data + size);
  const std::string whole = transcript({bytes}, kLimits);
  require(transcript(cut_at(bytes, data[0] % bytes.size()), kLimits) == whole);
  require(transcript(single_bytes(bytes), kLimits) == whole);
  check_first_request(bytes);
  return 0;
}
