// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/max_forwards.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::filters {
namespace {

http::Request request_with(std::string method, std::string_view value) {
  http::Request request;
  request.method = std::move(method);
  request.host = "shop";
  EXPECT_TRUE(request.set_target("/a?b"));
  request.headers.add("Max-Forwards", value);
  request.headers.add("Cookie", "secret");
  return request;
}

TEST(MaxForwardsTest, IsTakenDownAndStopsAtNone) {
  for (const std::string method : {"TRACE", "OPTIONS"}) {
    http::Request request = request_with(method, "2");
    EXPECT_FALSE(goes_no_further(request));
    EXPECT_EQ(request.headers.get("Max-Forwards"), "1");
    EXPECT_FALSE(goes_no_further(request));
    EXPECT_TRUE(goes_no_further(request));
    EXPECT_EQ(request.headers.get("Max-Forwards"), "0");
  }
}

TEST(MaxForwardsTest, OtherMethodsAndOtherValuesAreLeftAlone) {
  http::Request get = request_with("GET", "0");
  EXPECT_FALSE(goes_no_further(get));
  for (const std::string_view value : {"", "x", "-1", "1x", "99999999999999999999"}) {
    http::Request request = request_with("OPTIONS", value);
    EXPECT_FALSE(goes_no_further(request)) << value;
    EXPECT_EQ(request.headers.get("Max-Forwards"), value);
  }
}

TEST(MaxForwardsTest, TheLastRecipientTellsNoSecrets) {
  http::Response response;
  answer_as_last(request_with("TRACE", "0"), response);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "message/http");
  EXPECT_EQ(response.body.bytes(), "TRACE /a?b HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 0\r\n\r\n");
}

}  // namespace
}  // namespace sluice::filters
