// SPDX-License-Identifier: Apache-2.0
#include "filters/simple_http_proxy/destinations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Grant = Destinations::Grant;

Destinations make(const std::vector<std::string>& hosts,
                  const std::vector<std::string>& networks = {}) {
  config::Faults faults;
  Destinations made = Destinations::build(hosts, networks, "f", faults);
  EXPECT_THAT(faults.lines(), ElementsAre());
  return made;
}

bool may_be_at(const Destinations& allowed, const char* address, Grant grant = Grant::host) {
  return allowed.check({address, 80}, grant).has_value();
}

TEST(Destinations, WithoutAListEveryHostOnPortsOfTheWeb) {
  const Destinations all = make({});
  for (const std::uint16_t port : {80, 443, 1024, 65535})
    EXPECT_EQ(all.find("shop.example", port), Grant::host) << port;
  for (const std::uint16_t port : {22, 25, 1023})
    EXPECT_FALSE(all.find("shop.example", port)) << port;
}

TEST(Destinations, AListHasHostsSubdomainsAndPorts) {
  const Destinations some =
      make({"Shop.example", "*.cdn.example", "mail.example:25", "[::1]:8080"});
  EXPECT_EQ(some.find("shop.example", 80), Grant::host);
  EXPECT_EQ(some.find("a.b.cdn.example", 443), Grant::host);
  EXPECT_EQ(some.find("mail.example", 25), Grant::host_and_port);
  EXPECT_EQ(some.find("::1", 8080), Grant::host_and_port);
  for (const char* other : {"cdn.example", "evilcdn.example", "evil.example", "shop.example.evil",
                            "www.shop.example", "", "."})
    EXPECT_FALSE(some.find(other, 80)) << other;
  EXPECT_FALSE(some.find("mail.example", 80)) << "an entry with a port is of that port";
  EXPECT_FALSE(some.find("shop.example", 25));
}

TEST(Destinations, AHostHasOneSpelling) {
  EXPECT_EQ(plain_host("SHOP.Example."), "shop.example");
  EXPECT_EQ(plain_host("[::1]"), "::1");
  EXPECT_EQ(plain_host("."), ".");
}

TEST(Destinations, OnlyAddressesOfTheInternetArePublic) {
  for (const char* address : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1",
                              "2606:4700::1111", "2a00::1"})
    EXPECT_TRUE(is_public(*config::IpAddress::parse(address))) << address;
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::a00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "2001::1",
                              "::ffff:127.0.0.1"})
    EXPECT_FALSE(is_public(*config::IpAddress::parse(address))) << address;
}

TEST(Destinations, NetworksAreAllowedBesideThePublicOnes) {
  const Destinations some = make({}, {"10.1.0.0/16", "127.0.0.0/8"});
  EXPECT_TRUE(may_be_at(some, "10.1.2.3"));
  EXPECT_FALSE(may_be_at(some, "10.2.0.1"));
  EXPECT_FALSE(may_be_at(some, "169.254.169.254"));
  EXPECT_TRUE(may_be_at(some, "::ffff:10.1.2.3"));
  EXPECT_FALSE(may_be_at(some, "no address"));
}

TEST(Destinations, ThisMachineNeedsThePortToo) {
  const Destinations some = make({}, {"127.0.0.0/8"});
  EXPECT_FALSE(may_be_at(some, "127.0.0.1"));
  EXPECT_TRUE(may_be_at(some, "127.0.0.1", Grant::host_and_port));
  EXPECT_FALSE(may_be_at(make({}), "127.0.0.1", Grant::host_and_port));
  EXPECT_FALSE(may_be_at(make({}, {"0.0.0.0/0"}), "0.0.0.0"));
}

TEST(Destinations, TheReasonNamesTheField) {
  EXPECT_THAT(make({"a"}).find("b", 80).error().message, HasSubstr("allowedHosts"));
  EXPECT_THAT(make({}).check({"10.0.0.1", 80}, Grant::host).error().message,
              HasSubstr("allowedNetworks"));
}

TEST(Destinations, FaultsHaveTheirPaths) {
  config::Faults faults;
  (void)Destinations::build({"a", "*", "*.", "a:0", "a:x", "http://a", "a/b", "a b"},
                            {"10.0.0.0/8", "10.0.0.0/33", "a"}, "f", faults);
  EXPECT_THAT(faults.lines(),
              ElementsAre(StartsWith("f.allowedHosts[1]: "), StartsWith("f.allowedHosts[2]: "),
                          StartsWith("f.allowedHosts[3]: "), StartsWith("f.allowedHosts[4]: "),
                          StartsWith("f.allowedHosts[5]: "), StartsWith("f.allowedHosts[6]: "),
                          StartsWith("f.allowedHosts[7]: "), StartsWith("f.allowedNetworks[1]: "),
                          StartsWith("f.allowedNetworks[2]: ")));
}

}  // namespace
}  // namespace sluice::filters
