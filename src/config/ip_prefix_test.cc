// SPDX-License-Identifier: Apache-2.0
#include "config/ip_prefix.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

bool contains(std::string_view prefix, std::string_view address) {
  const auto parsed = IpPrefix::parse(prefix);
  const auto inner = IpAddress::parse(address);
  EXPECT_TRUE(parsed) << prefix;
  EXPECT_TRUE(inner) << address;
  return parsed && inner && parsed->contains(*inner);
}

TEST(IpPrefix, Contains) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("10.1.2.3/8", "10.0.0.0"));
  EXPECT_TRUE(contains("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(contains("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(contains("1.2.3.4", "1.2.3.5"));
  EXPECT_TRUE(contains("0.0.0.0/0", "255.255.255.255"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(IpPrefix, FamiliesAreApart) {
  EXPECT_FALSE(contains("::/0", "1.2.3.4"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
}

TEST(IpPrefix, MappedAddressesAreIpv4) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.1.1"));
  EXPECT_FALSE(contains("::ffff:10.0.0.0/104", "11.1.1.1"));
  EXPECT_TRUE(contains("::ffff:0:0/96", "203.0.113.9")) << "all of IPv4";
  EXPECT_FALSE(contains("::ffff:0:0/96", "2001:db8::1"));
  EXPECT_TRUE(contains("::ffff:1.2.3.4/128", "1.2.3.4"));
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "::g",
                                      "[::1]", "1.2.3.4/8", "fe80::1%lo"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

}  // namespace
}  // namespace sluice::config
