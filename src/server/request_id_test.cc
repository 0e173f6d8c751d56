// SPDX-License-Identifier: Apache-2.0
#include "server/request_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sluice::server {
namespace {

constexpr std::string_view kName = "X-Request-Id";
constexpr const char* kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

class RequestIdTest : public ::testing::Test {
 protected:
  std::string settle(bool trusted) { return settle_request_id(headers_, kName, trusted, ids_); }
  tracing::IdSource ids_;
  http::Headers headers_;
};

TEST_F(RequestIdTest, IsAUuidThatNeverComesTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_request_id(ids_);
    EXPECT_THAT(id, ::testing::MatchesRegex(kUuid));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST_F(RequestIdTest, OfAStrangerIsReplaced) {
  headers_.add("x-request-id", "mine");
  headers_.add("X-Request-Id", "mine too");
  const std::string id = settle(false);
  EXPECT_THAT(id, ::testing::MatchesRegex(kUuid));
  ASSERT_EQ(headers_.size(), 1U);
  EXPECT_EQ(headers_.get(kName), id);
}

TEST_F(RequestIdTest, OfATrustedProxyStays) {
  headers_.add("x-request-id", "edge-1/7:a.b_c+d=e@f~");
  EXPECT_EQ(settle(true), "edge-1/7:a.b_c+d=e@f~");
  EXPECT_EQ(headers_.size(), 1U);
}

TEST_F(RequestIdTest, OfATrustedProxyIsReplacedUnlessItIsOneId) {
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a,b"),
                                 std::string("a\"b"), std::string(kRequestIdBytesMax + 1, 'a')}) {
    headers_.clear();
    headers_.add(kName, bad);
    EXPECT_THAT(settle(true), ::testing::MatchesRegex(kUuid)) << bad;
    EXPECT_EQ(headers_.size(), 1U);
  }
  headers_.clear();
  headers_.add(kName, "one");
  headers_.add(kName, "one");
  EXPECT_THAT(settle(true), ::testing::MatchesRegex(kUuid)) << "which of the two?";
  EXPECT_TRUE(is_request_id(std::string(kRequestIdBytesMax, 'a')));
}

TEST_F(RequestIdTest, TwinsGo) {
  headers_.add("X_Request_Id", "forged");
  (void)settle(false);
  EXPECT_EQ(headers_.size(), 1U);
}

}  // namespace
}  // namespace sluice::server
