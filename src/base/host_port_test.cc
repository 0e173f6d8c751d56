// SPDX-License-Identifier: Apache-2.0
#include "base/host_port.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(HostPort, SplitsAtTheColonOrTheBracket) {
  const auto expect = [](std::string_view text, std::string_view host, std::string_view rest) {
    EXPECT_EQ(split_host_port(text).host, host) << text;
    EXPECT_EQ(split_host_port(text).rest, rest) << text;
  };
  expect("a", "a", "");
  expect("a:80", "a", ":80");
  expect("a:", "a", ":");
  expect(":80", "", ":80");
  expect("a:b:80", "a", ":b:80");
  expect("::1", "", "::1");
  expect("[::1]", "[::1]", "");
  expect("[::1]:80", "[::1]", ":80");
  expect("[::1]80", "[::1]", "80");
  expect("[::1:80", "[::1:80", "");
  expect("", "", "");
}

TEST(HostPort, PortIsTheTextAfterTheColon) {
  EXPECT_EQ(split_host_port("a:80").port(), "80");
  EXPECT_EQ(split_host_port("a:").port(), "");
  EXPECT_EQ(split_host_port("a").port(), std::nullopt);
  EXPECT_EQ(split_host_port("[::1]").port(), std::nullopt);
  EXPECT_EQ(split_host_port("[::1]80").port(), std::nullopt);
}

TEST(HostPort, Brackets) {
  EXPECT_EQ(without_brackets("[::1]"), "::1");
  EXPECT_EQ(without_brackets("::1"), "::1");
  EXPECT_EQ(without_brackets("[]"), "");
  for (const char* text : {"", "[", "]", "[::1", "a"})
    EXPECT_EQ(without_brackets(text), text) << text;
}

TEST(HostPort, BareHostTakesIpv6WithoutBrackets) {
  EXPECT_EQ(bare_host("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(bare_host("10.0.0.1:80"), "10.0.0.1");
  EXPECT_EQ(bare_host("::1"), "::1");
  EXPECT_EQ(bare_host("fd00::1"), "fd00::1");
  EXPECT_EQ(bare_host("[fd00::1]"), "fd00::1");
  EXPECT_EQ(bare_host("[fd00::1]:80"), "fd00::1");
  EXPECT_EQ(bare_host("[fd00::1"), "[fd00::1");
  EXPECT_EQ(bare_host(""), "");
}

TEST(HostPort, ParsesPorts) {
  EXPECT_EQ(parse_port("0"), 0);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const char* text : {"", "65536", "-1", "+1", " 1", "1 ", "http"})
    EXPECT_EQ(parse_port(text), std::nullopt) << text;
}

TEST(HostPort, Formats) {
  EXPECT_EQ(format_host_port("a", 80), "a:80");
  EXPECT_EQ(format_host_port("10.0.0.1", 0), "10.0.0.1:0");
  EXPECT_EQ(format_host_port("::1", 65535), "[::1]:65535");
  EXPECT_EQ(format_host_port("[::1]", 80), "[::1]:80");
  EXPECT_EQ(format_host_port("", 80), ":80");
}

}  // namespace
}  // namespace sluice
