// SPDX-License-Identifier: Apache-2.0
#include "filters/header_rules.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

TEST(HeaderRules, AFilterOwnsNoFieldOfTheConnection) {
  EXPECT_FALSE(own_header_fault("X-Auth-User"));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "Expect",
                           "TE", "Upgrade", "Keep-Alive"})
    EXPECT_EQ(own_header_fault(name), '"' + std::string(name) + "\" belongs to the connection");
  for (const char* name : {"", "a b", "a:"})
    EXPECT_EQ(own_header_fault(name), '"' + std::string(name) + "\" is not a header name");
}

TEST(HeaderRules, ASpecMaySetHost) {
  EXPECT_FALSE(header_fault("Host", "a.example"));
  EXPECT_TRUE(header_fault("Host", "a b"));
  EXPECT_TRUE(header_fault("Connection"));
  EXPECT_FALSE(header_fault("X-A", " b"));
  EXPECT_TRUE(made_header_fault("X-A", " b"));
}

}  // namespace
}  // namespace sluice::filters
