// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

bool allows(const std::vector<std::string>& patterns, const std::vector<std::string>& origins,
            bool any = false) {
  http::Request request;
  request.host = "Shop.example:8080";
  for (const std::string& origin : origins) request.headers.add("origin", origin);
  return OriginRule(patterns, any).allows(request);
}

TEST(Origin, OfTheSiteItselfAndOfNoPageIsAllowed) {
  EXPECT_TRUE(allows({}, {}));
  EXPECT_TRUE(allows({}, {"https://shop.example:8080"}));
  EXPECT_FALSE(allows({}, {"https://shop.example"}));
  EXPECT_FALSE(allows({}, {"https://evil.example"}));
  EXPECT_FALSE(allows({}, {"null"}));
  EXPECT_FALSE(allows({"*"}, {"null"}));
  EXPECT_FALSE(allows({}, {"https://"}));
}

TEST(Origin, MayFitAPattern) {
  EXPECT_TRUE(allows({"*.shop.example"}, {"http://www.SHOP.example"}));
  EXPECT_FALSE(allows({"*.shop.example"}, {"http://www.shop.example.evil.example"}));
  EXPECT_FALSE(allows({"*.shop.example"}, {"http://evil.example/.shop.example"}));
  EXPECT_TRUE(allows({"https://*.shop.example"}, {"https://www.shop.example"}));
  EXPECT_FALSE(allows({"https://*.shop.example"}, {"http://www.shop.example"}));
}

TEST(Origin, EveryValueCounts) {
  EXPECT_FALSE(allows({"a.example"}, {"https://a.example", "https://evil.example"}));
  EXPECT_TRUE(allows({}, {"https://evil.example"}, true));
}

TEST(Origin, FaultsNameThePattern) {
  config::Faults faults;
  OriginRule::validate({"*.a", "[", ""}, "p", faults);
  EXPECT_THAT(faults.lines(),
              ::testing::ElementsAre("p[1]: \"[\" is no pattern of hosts, try *.example.com",
                                     "p[2]: \"\" is no pattern of hosts, try *.example.com"));
}

}  // namespace
}  // namespace sluice::filters
