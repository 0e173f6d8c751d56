// SPDX-License-Identifier: Apache-2.0
#include "config/faults.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Faults, SumUpInTheMessage) {
  Faults faults;
  faults.add("port", "is required");
  EXPECT_EQ(faults.to_error().message, "port: is required");
  faults.add("", "the document is empty");
  const Error error = faults.to_error();
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_EQ(error.message, "port: is required (and 1 more)");
  EXPECT_EQ(error.details,
            (std::vector<std::string>{"port: is required", "the document is empty"}));
}

TEST(Faults, KeepAHundred) {
  Faults faults;
  for (int i = 0; i < 250; ++i) faults.add("x", "is unknown");
  EXPECT_EQ(faults.count(), 250U);
  const Error error = faults.to_error();
  EXPECT_EQ(error.message, "x: is unknown (and 249 more)");
  ASSERT_EQ(error.details.size(), 101U);
  EXPECT_EQ(error.details.back(), "and 150 more");
}

TEST(Faults, DoNotCountWarnings) {
  Faults faults;
  faults.warn("maxConnection", "read as maxConnections");
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(faults.count(), 0U);
  EXPECT_TRUE(faults.lines().empty());
  EXPECT_EQ(faults.warnings(), std::vector<std::string>{"maxConnection: read as maxConnections"});
  faults.add("port", "is required");
  EXPECT_EQ(faults.to_error().details, std::vector<std::string>{"port: is required"});
  for (int i = 0; i < 250; ++i) faults.warn("", "a warning");
  EXPECT_EQ(faults.warnings().size(), 100U);
}

TEST(Suggestion, FindsTheNearest) {
  const std::vector<std::string_view> known{"backend", "path", "pathPrefix", "methods", "port"};
  EXPECT_EQ(suggestion("backnd", known), ", did you mean \"backend\"?");
  EXPECT_EQ(suggestion("PATHPREFIX", known), ", did you mean \"pathPrefix\"?");
  EXPECT_EQ(suggestion("method", known), ", did you mean \"methods\"?");
  EXPECT_EQ(suggestion("paht", known), ", did you mean \"path\"?");
  EXPECT_EQ(suggestion("timeout", known), "");
  EXPECT_EQ(suggestion("x", known), "");
  EXPECT_EQ(suggestion("back", known), ", did you mean \"backend\"?");
  EXPECT_EQ(suggestion("Limit", {"limitForPeriod", "name"}), ", did you mean \"limitForPeriod\"?");
  EXPECT_EQ(suggestion("limit", {"limitRefreshPeriod", "limitForPeriod"}),
            ", did you mean \"limitForPeriod\"?");
  EXPECT_EQ(suggestion(std::string(10'000, 'p'), known), "");
}

TEST(JoinPath, QuotesWhatIsNoWord) {
  EXPECT_EQ(join_path("", "rules"), "rules");
  EXPECT_EQ(join_path("rules[0]", "host"), "rules[0].host");
  EXPECT_EQ(join_path("headers", "X-Request-Id"), "headers.X-Request-Id");
  EXPECT_EQ(join_path("labels", "easegress/owner"), "labels[\"easegress/owner\"]");
  EXPECT_EQ(join_path("labels", "a.b\n"), "labels[\"a.b\\n\"]");
  EXPECT_EQ(join_path("labels", ""), "labels[\"\"]");
}

TEST(Quote, StaysOnOneShortLine) {
  EXPECT_EQ(quote("a\tb\x01"), "\"a\\tb\\x01\"");
  EXPECT_EQ(quote(std::string(100, 'a')), "\"" + std::string(80, 'a') + "…\"");
  // No character is cut in two.
  EXPECT_EQ(quote(std::string(79, 'a') + "ééé"), "\"" + std::string(79, 'a') + "…\"");
}

}  // namespace
}  // namespace sluice::config
