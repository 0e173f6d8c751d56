// SPDX-License-Identifier: Apache-2.0
#include "config/formats.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

struct Case {
  Format format;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

TEST(CheckFormat, TellsGoodFromBad) {
  const std::vector<Case> cases{
      {Format::none, {"", "anything"}, {}},
      {Format::name,
       {"a", "a-b_c.d~9", std::string(253, 'a')},
       {"", "a b", "a/b", "é", ".", "..", std::string(254, 'a')}},
      {Format::http_method, {"GET", "TRACE"}, {"get", "", "PURGE", "GET "}},
      {Format::path, {"/", "/a b"}, {"", "a", "http://h/"}},
      {Format::ip_or_cidr,
       {"10.0.0.1", "10.0.0.1/8", "0.0.0.0/0", "::1", "fd00::/8", "::ffff:10.0.0.0/104"},
       {"", "10.0.0.300", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129",
        "fe80::1%eth0", "10.0.0.0/8/8", "host"}},
      {Format::base64, {"", "YQ==", "YWI=", "YWJj"}, {"YQ", "Y Q=", "YQ=a", "_-8="}},
      {Format::url,
       {"http://a", "https://a.b:8443/c?d=e#f", "http://[::1]:80", "http://u:p@h/",
        "http://127.0.0.1:9095"},
       {"", "a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:x", "http://a b",
        "http://[::1", "http://[a]", "http://a:"}},
      {Format::host_port,
       {"a:1", "127.0.0.1:65535", "[::1]:80"},
       {"", "a", ":80", "a:", "a:0", "a:65536", "::1:80", "[::1]", "a:80x"}}};
  for (const Case& each : cases) {
    for (const std::string& text : each.good) {
      EXPECT_EQ(check_format(each.format, text), std::nullopt) << text;
    }
    for (const std::string& text : each.bad) EXPECT_TRUE(check_format(each.format, text)) << text;
  }
}

TEST(CheckFormat, SaysWhatToTry) {
  EXPECT_EQ(check_format(Format::ip_or_cidr, "10.0.0.300"),
            "\"10.0.0.300\" is not an IP address or CIDR, try 10.0.0.0/8");
  EXPECT_EQ(check_format(Format::host_port, "127.0.0.4"),
            "\"127.0.0.4\" is not host:port, try 127.0.0.4:PORT");
  EXPECT_EQ(check_format(Format::host_port, ":80"), "\":80\" is not host:port, try 127.0.0.1:PORT");
}

TEST(FormatName, IsForSchemas) {
  EXPECT_EQ(format_name(Format::none), "");
  EXPECT_EQ(format_name(Format::ip_or_cidr), "ip-or-cidr");
}

}  // namespace
}  // namespace sluice::config
