// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <array>

#include "loop/testing/run_to_completion.h"
#include "net/listener.h"
#include "net/resolver.h"

namespace sluice::net {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

constexpr std::string_view kRest = "GET / HTTP/1.1\r\n";

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

// Builds a version 2 header. A given `length` replaces the true one.
std::string binary(char command, char family, const std::string& payload, int length = -1) {
  const auto size = static_cast<unsigned>(length < 0 ? static_cast<int>(payload.size()) : length);
  std::string out = kSignature + command + family;
  out += static_cast<char>(size >> 8);
  out += static_cast<char>(size & 0xff);
  return out + payload;
}

const std::string kAddresses4 = "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"s;
const std::string kAddresses6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s +
                                "\xfe\x80"s + std::string(13, '\0') + "\x02"s + "\xdc\x04\x01\xbb"s;
const std::string kMapped6 = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x01"s +
                             std::string(16, '\0') + "\xdc\x04\x01\xbb"s;

struct Row {
  const char* what;
  std::string header;
  std::string client;
};

const Row kAccepted[] = {
    {"version 1, IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "192.0.2.1:56324"},
    {"version 1, IPv6", "PROXY TCP6 2001:db8::1 fe80::2 56324 443\r\n", "[2001:db8::1]:56324"},
    {"version 1, port 0", "PROXY TCP4 192.0.2.1 192.0.2.2 0 0\r\n", "192.0.2.1:0"},
    {"version 1, unknown", "PROXY UNKNOWN\r\n", ""},
    {"version 1, unknown with whatever", "PROXY UNKNOWN ffff:f...f 1 2\r\n", ""},
    {"version 1, as long as allowed", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", ""},
    {"version 2, IPv4", binary('\x21', '\x11', kAddresses4), "192.0.2.1:56324"},
    {"version 2, IPv6", binary('\x21', '\x21', kAddresses6), "[2001:db8::1]:56324"},
    {"version 2, IPv4 as IPv6", binary('\x21', '\x21', kMapped6), "192.0.2.1:56324"},
    {"version 2, with extensions", binary('\x21', '\x11', kAddresses4 + "\x04\x00\x03xyz"s),
     "192.0.2.1:56324"},
    {"version 2, local", binary('\x20', '\x00', ""), ""},
    {"version 2, local with addresses", binary('\x20', '\x11', kAddresses4), ""},
    {"version 2, family not said", binary('\x21', '\x00', "whatever"), ""},
    {"version 2, Unix socket", binary('\x21', '\x31', std::string(216, 'u')), ""},
    {"version 2, datagrams", binary('\x21', '\x12', kAddresses4), ""},
    {"version 2, as long as allowed", binary('\x21', '\x11', kAddresses4 + std::string(4068, 't')),
     "192.0.2.1:56324"},
};

TEST(ProxyHeader, IsReadHoweverItIsCut) {
  for (const Row& row : kAccepted) {
    const std::string bytes = row.header + std::string(kRest);
    const ProxyHeader whole = parse_proxy_header(bytes);
    ASSERT_EQ(whole.state, State::complete) << row.what;
    EXPECT_EQ(whole.client, row.client) << row.what;
    EXPECT_EQ(whole.size, row.header.size()) << row.what;
    for (std::size_t cut = 0; cut < row.header.size(); ++cut) {
      EXPECT_EQ(parse_proxy_header(bytes.substr(0, cut)).state, State::need_more)
          << row.what << " cut at " << cut;
    }
  }
}

const Row kRefused[] = {
    {"no header", std::string(kRest), ""},
    {"TLS", "\x16\x03\x01", ""},
    {"lower case", "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", ""},
    {"another family", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", ""},
    {"two spaces", "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", ""},
    {"space at the end", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", ""},
    {"one port", "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", ""},
    {"IPv6 as TCP4", "PROXY TCP4 ::1 ::2 1 2\r\n", ""},
    {"IPv4 as TCP6", "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", ""},
    {"no address", "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", ""},
    {"port too large", "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", ""},
    {"port with a zero before", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", ""},
    {"port with a sign", "PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", ""},
    {"bare LF", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", ""},
    {"LF at once", "PROXY \n", ""},
    {"too long", "PROXY UNKNOWN " + std::string(100, 'x') + "\r\n", ""},
    {"one byte too long", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", ""},
    {"version 1 in the signature", binary('\x11', '\x11', kAddresses4), ""},
    {"unknown command", binary('\x22', '\x11', kAddresses4), ""},
    {"reserved family", binary('\x21', '\x41', kAddresses4), ""},
    {"reserved transport", binary('\x21', '\x13', kAddresses4), ""},
    {"too short for IPv4", binary('\x21', '\x11', kAddresses4.substr(0, 11)), ""},
    {"too short for IPv6", binary('\x21', '\x21', kAddresses6.substr(0, 35)), ""},
    {"longer than allowed", binary('\x21', '\x11', kAddresses4, 4081), ""},
};

TEST(ProxyHeader, WhatIsNoneIsRefused) {
  for (const Row& row : kRefused)
    EXPECT_EQ(parse_proxy_header(row.header).state, State::invalid) << row.what;
}

// Reads the header and what follows, however the client cuts them.
Task<std::string> read_behind_header(loop::EventLoop& loop, Acceptor& acceptor) {
  auto stream = co_await acceptor.accept();
  const auto accepted =
      co_await accept_proxy_header(**stream, Clock::now() + std::chrono::hours(1));
  if (!accepted) co_return "error: " + accepted.error().message;
  std::string all((*stream)->peer_address());
  all += " ";
  std::array<char, 10> buffer;
  std::size_t count = 1;
  while (count > 0) {
    const auto read = co_await (*stream)->read_some(buffer);
    count = read.value_or(0);
    all.append(buffer.data(), count);
    co_await loop.yield();
  }
  co_return all;
}

Task<void> send_in_pieces(loop::EventLoop& loop, std::uint16_t port, std::string bytes,
                          std::size_t piece) {
  Endpoint endpoint("127.0.0.1", port);
  auto stream = co_await connect(loop, endpoint, TimePoint::max());
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    (void)co_await (*stream)->write_all(std::string_view(bytes).substr(at, piece));
    co_await loop.yield();
  }
  (*stream)->close();
}

TEST(ProxyHeader, WhatFollowsItIsRead) {
  loop::EventLoop loop;
  Acceptor acceptor(loop, *Listener::open("127.0.0.1", 0));
  for (const std::size_t piece : {1, 7, 50, 1000}) {
    loop.spawn(
        send_in_pieces(loop, acceptor.port(), kAccepted[0].header + std::string(kRest), piece));
    EXPECT_EQ(loop::run_to_completion(loop, read_behind_header(loop, acceptor)),
              kAccepted[0].client + " " + std::string(kRest))
        << piece;
  }
}

}  // namespace
}  // namespace sluice::net
