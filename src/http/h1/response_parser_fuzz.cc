// SPDX-License-Identifier: Apache-2.0
// Invariants: the result does not depend on the cut of the backend's bytes, and an accepted head is
// unchanged after it is written for a client and parsed again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/serializer.h"
#include "http/h1/testing/transcript.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h1;

constexpr ResponseLimits kLimits{.head_bytes_max = 1024, .fields_max = 16};

void require(bool holds) {
  if (!holds) std::abort();
}

std::string kept(Response& response) {
  for (const char* name : {"TE", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
                           "Proxy-Authorization", "Upgrade", "Host", "Expect"}) {
    response.headers.remove(name);
  }
  return describe(response);
}

void check_round_trip(Response& response, const ResponseParser& parser, std::string_view method) {
  ResponseFraming head{.framing = Framing::chunked};
  // After 101 comes another protocol, which has no framing here.
  if (!parser.has_body() || response.status == 101) head.framing = Framing::none;
  if (const auto length = parser.content_length()) {
    head.framing = Framing::content_length;
    head.length = *length;
  }
  std::string bytes;
  append_response_head(bytes, response, head);
  Response again;
  ResponseParser second;
  second.start(again, method);
  const auto result = second.parse(bytes);
  require(result.state == ParseState::head && result.consumed == bytes.size());
  require(second.content_length() == parser.content_length());
  require(second.has_body() == parser.has_body() || head.framing == Framing::none);
  require(kept(response) == kept(again));
}

void check_head(std::string_view input, std::string_view method) {
  Response response;
  ResponseParser parser(kLimits);
  parser.start(response, method);
  if (parser.parse(input).state != ParseState::head) return;
  check_round_trip(response, parser, method);
}

}  // namespace

// The first byte selects where the rest is cut in two, and the method of the request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(data + 1, data + size);
  const std::string_view method = data[0] % 4 == 0 ? "HEAD" : "GET";
  for (const bool eof : {false, true}) {
    const std::string whole = transcript({bytes}, method, eof, kLimits);
    require(transcript(cut_at(bytes, data[0] % bytes.size()), method, eof, kLimits) == whole);
    require(transcript(single_bytes(bytes), method, eof, kLimits) == whole);
  }
  check_head(bytes, method);
  return 0;
}
