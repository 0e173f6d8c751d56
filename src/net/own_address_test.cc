// SPDX-License-Identifier: Apache-2.0
#include "net/own_address.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(OwnAddress, ThoseOfThisMachine) {
  for (const char* own : {"127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::"})
    EXPECT_TRUE(is_own_address({own, 80})) << own;
}

TEST(OwnAddress, OthersAreNot) {
  // 192.0.2.0/24 and 2001:db8::/32 are of no machine (RFC 5737, RFC 3849).
  for (const char* other : {"192.0.2.1", "2001:db8::1", "shop.example", ""})
    EXPECT_FALSE(is_own_address({other, 0})) << other;
}

}  // namespace
}  // namespace sluice::net
