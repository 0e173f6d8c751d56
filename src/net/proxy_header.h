// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 (text) and 2 (binary), by the specification of HAProxy: a header
// with which a balancer in front names the client of a connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net {

// The most bytes of addresses and extensions in version 2. Version 1 has at most 107 bytes by
// definition.
inline constexpr std::size_t kProxyHeaderBytesMax = 4096;

struct ProxyHeader {
  enum class State { need_more, complete, invalid };
  State state = State::need_more;
  std::size_t size = 0;  // the length of a complete header
  // The client, "1.2.3.4:56" or "[2001:db8::1]:56". Empty if the header names no client that speaks
  // TCP (LOCAL, UNKNOWN, UNSPEC, Unix sockets, datagrams): then the client is the peer.
  std::string client{};
};

// Parses the header at the start of `bytes`. Skips the extensions (TLV) of version 2. The result is
// invalid as soon as the bytes cannot become a header. Any thread.
[[nodiscard]] ProxyHeader parse_proxy_header(std::string_view bytes);

// Reads the header that a connection must begin with, and sets the stream's peer to the client that
// it names. Errors: `invalid` (no such header), `closed`, `timed_out`. Core-bound.
[[nodiscard]] Task<Result<void>> accept_proxy_header(Stream& stream, TimePoint deadline);

}  // namespace sluice::net
