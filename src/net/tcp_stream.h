// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: what makes Streams of sockets.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "loop/event_loop.h"
#include "net/stream.h"

namespace sluice::net {

// "10.0.0.1:80", "[::1]:80"; IPv4 in IPv6 is written as IPv4.
[[nodiscard]] std::string format_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);

// `socket` is connected to `peer` and belongs to `loop`. The caller sets TCP_NODELAY.
[[nodiscard]] std::unique_ptr<Stream> make_tcp_stream(loop::EventLoop& loop,
                                                      boost::asio::ip::tcp::socket socket,
                                                      const boost::asio::ip::tcp::endpoint& peer);

}  // namespace sluice::net
