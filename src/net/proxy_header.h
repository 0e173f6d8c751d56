// SPDX-License-Identifier: Apache-2.0
// The header with which a balancer in front tells who the client of a connection is: the PROXY
// protocol, versions 1 (text) and 2 (binary), by the specification of HAProxy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net {

// Of version 2, its addresses and extensions; version 1 has at most 107 bytes by definition.
inline constexpr std::size_t kProxyHeaderBytesMax = 4096;

struct ProxyHeader {
  enum class State { need_more, complete, invalid };
  State state = State::need_more;
  std::size_t size = 0;  // of a complete header: the bytes that it takes
  // The client, "1.2.3.4:56" or "[2001:db8::1]:56"; empty if the header names none that speaks TCP
  // (LOCAL, UNKNOWN, UNSPEC, Unix sockets, datagrams): then the client is the peer.
  std::string client{};
};

// What `bytes` begin with. Extensions (TLV) of version 2 are passed over unread. Invalid as soon as
// it cannot become a header; any thread.
[[nodiscard]] ProxyHeader parse_proxy_header(std::string_view bytes);

// Reads the header that a connection must begin with, and makes the client that it names the
// stream's peer. Errors: `invalid` (no such header), `closed`, `timed_out`. Core-bound.
[[nodiscard]] Task<Result<void>> accept_proxy_header(Stream& stream, TimePoint deadline);

}  // namespace sluice::net
