// SPDX-License-Identifier: Apache-2.0
// Invariants, for any cut of the bytes: the parser consumes no byte beyond the header, and more
// bytes do not change a verdict.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/proxy_header.h"

namespace {

using sluice::net::kProxyHeaderBytesMax;
using sluice::net::parse_proxy_header;
using State = sluice::net::ProxyHeader::State;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse_proxy_header(bytes);
  if (whole.state == State::need_more) require(size < kProxyHeaderBytesMax);
  if (whole.state == State::complete) require(whole.size <= size);
  for (std::size_t cut = 0; cut < std::min<std::size_t>(size, kProxyHeaderBytesMax); ++cut) {
    const auto part = parse_proxy_header(bytes.substr(0, cut));
    if (part.state == State::need_more) continue;
    require(part.state == whole.state && part.client == whole.client && part.size == whole.size);
  }
  return 0;
}
