// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: makes Streams of sockets.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "loop/event_loop.h"
#include "net/stream.h"

namespace sluice::net {

// "10.0.0.1:80", "[::1]:80"; IPv4 in IPv6 is written as IPv4.
[[nodiscard]] std::string format_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);

// Takes over `descriptor`, a non-blocking socket connected to `peer`. The caller sets TCP_NODELAY.
// `secure`: the process at the other end speaks TLS with the client. If the loop cannot watch one
// more descriptor, closes it and returns null.
[[nodiscard]] std::unique_ptr<Stream> make_tcp_stream(loop::EventLoop& loop, int descriptor,
                                                      const boost::asio::ip::tcp::endpoint& peer,
                                                      bool secure = false);

}  // namespace sluice::net
