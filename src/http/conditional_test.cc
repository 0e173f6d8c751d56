// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::string_view kChanged = "Sun, 06 Nov 1994 08:00:00 GMT";
constexpr std::string_view kSecondLater = "Sun, 06 Nov 1994 08:00:01 GMT";
constexpr std::int64_t kUnixNow = 784111777;

Request with(std::string_view name, std::string_view value) {
  Request request;
  request.method = "GET";
  request.headers.add(name, value);
  return request;
}

TEST(Conditional, TheCopyOfTheClientIsAsNew) {
  const Validators now{.etag = "\"a\"", .last_modified = kChanged, .date = {}};
  const auto same = [&](std::string_view name, std::string_view value) {
    return not_modified(with(name, value), now, kUnixNow);
  };
  EXPECT_FALSE(same("X", "1"));
  EXPECT_TRUE(same("If-None-Match", "\"b\", W/\"a\""));
  EXPECT_TRUE(same("If-None-Match", "*"));
  EXPECT_FALSE(same("If-None-Match", "\"b\""));
  EXPECT_TRUE(same("If-Modified-Since", kChanged));
  EXPECT_FALSE(same("If-Modified-Since", "Sun, 06 Nov 1994 07:59:59 GMT"));
  EXPECT_FALSE(not_modified(with("If-None-Match", "\"a\""), {}, kUnixNow));
  EXPECT_FALSE(not_modified(with("If-Modified-Since", kChanged), {}, kUnixNow));
  EXPECT_TRUE(not_modified(with("If-Modified-Since", kChanged),
                           {.etag = {}, .last_modified = {}, .date = kChanged}, kUnixNow));
}

TEST(Conditional, ARangeTakesAStrongValidator) {
  const Validators strong{.etag = "\"a\"", .last_modified = kChanged, .date = kSecondLater};
  const auto holds = [](std::string_view condition, const Validators& now) {
    return range_holds(with("If-Range", condition), now, kUnixNow);
  };
  EXPECT_TRUE(range_holds(with("Range", "bytes=0-1"), strong, kUnixNow));
  EXPECT_TRUE(holds("\"a\"", strong));
  EXPECT_FALSE(holds("\"b\"", strong));
  EXPECT_FALSE(holds("W/\"a\"", {.etag = "W/\"a\"", .last_modified = {}, .date = {}}));
  EXPECT_TRUE(holds(kChanged, strong));
  EXPECT_FALSE(holds(kSecondLater, strong));
  EXPECT_FALSE(holds(kChanged, {.etag = {}, .last_modified = kChanged, .date = kChanged}))
      << "it may have changed within the second";
}

}  // namespace
}  // namespace sluice::http
