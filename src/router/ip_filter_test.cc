// SPDX-License-Identifier: Apache-2.0
#include "router/ip_filter.h"

#include <gtest/gtest.h>

namespace sluice::router {
namespace {

using config::IpAddress;

bool allows(const IpFilterSpec& spec, std::string_view address) {
  return IpFilter(spec).allows(IpAddress::parse(address));
}

TEST(IpFilter, WithoutASpecAllowsAll) {
  EXPECT_TRUE(IpFilter().allows(IpAddress::parse("1.2.3.4")));
  EXPECT_TRUE(IpFilter(std::nullopt).allows(std::nullopt));
  EXPECT_FALSE(IpFilter().is_active());
  EXPECT_FALSE(IpFilter(IpFilterSpec{false, {"1.2.3.4"}, {}}).is_active());
}

TEST(IpFilter, OneListDecidesElseTheDefault) {
  for (const bool block_by_default : {false, true}) {
    const IpFilterSpec spec{block_by_default, {"10.0.0.0/8"}, {"10.1.0.0/16", "2001:db8::/32"}};
    EXPECT_TRUE(allows(spec, "10.2.0.1"));
    EXPECT_FALSE(allows(spec, "2001:db8::1"));
    EXPECT_EQ(allows(spec, "10.1.0.1"), !block_by_default) << "in both";
    EXPECT_EQ(allows(spec, "11.0.0.1"), !block_by_default) << "in neither";
    EXPECT_EQ(allows(spec, "garbage"), !block_by_default);
    EXPECT_EQ(allows(spec, ""), !block_by_default);
  }
}

TEST(IpFilter, KnowsMappedAddresses) {
  EXPECT_FALSE(allows({false, {}, {"10.0.0.0/8"}}, "::ffff:10.9.9.9"));
}

TEST(IpSet, FindsInNestedAndAdjacentPrefixes) {
  const IpSet set({"10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/16", "11.0.0.1", "11.0.0.2", "::1",
                   "9.255.255.255", "10.0.0.0/8"});
  for (const std::string_view inside :
       {"10.0.0.0", "10.1.2.3", "10.255.255.255", "11.0.0.1", "11.0.0.2", "::1", "9.255.255.255"}) {
    EXPECT_TRUE(set.contains(*IpAddress::parse(inside))) << inside;
  }
  for (const std::string_view outside :
       {"9.255.255.254", "11.0.0.0", "11.0.0.3", "::", "::2", "0.0.0.1"}) {
    EXPECT_FALSE(set.contains(*IpAddress::parse(outside))) << outside;
  }
  EXPECT_FALSE(IpSet().contains(*IpAddress::parse("::1")));
}

}  // namespace
}  // namespace sluice::router
