// SPDX-License-Identifier: Apache-2.0
#include "http/field_twins.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string names(const Headers& headers) {
  std::string all;
  for (const Field& field : headers) all += (all.empty() ? "" : " ") + field.name;
  return all;
}

Headers make(std::initializer_list<const char*> fields) {
  Headers headers;
  for (const char* name : fields) headers.add(name, "1");
  return headers;
}

TEST(FieldTwins, RemovesWhatReadsLikeAFieldOfTheGateway) {
  FieldTwins twins = FieldTwins::of_gateway();
  twins.add("X-Auth-User");
  Headers headers = make({"X-Forwarded-For", "X_Forwarded_For", "x-forwarded_for",
                          "X.Forwarded.Host", "X_Real-IP", "X_AUTH_USER", "x_auth-user",
                          "X-Auth-User", "api_key", "Content_Length", "a_b"});
  EXPECT_EQ(twins.remove_from(headers), 7U);
  EXPECT_EQ(names(headers), "X-Forwarded-For X-Auth-User api_key a_b");
}

TEST(FieldTwins, RemovesKnownNamesWithTheirTwins) {
  FieldTwins twins;
  EXPECT_TRUE(twins.empty());
  twins.add("X-Auth-User");
  EXPECT_FALSE(twins.empty());
  Headers headers = make({"X-Auth-User", "x_auth-user", "X-Auth", "X_Forwarded_For"});
  twins.remove_with_twins(headers);
  EXPECT_EQ(names(headers), "X-Auth X_Forwarded_For");
}

TEST(FieldTwins, TakesTheNamesOfOthers) {
  FieldTwins twins;
  twins.add("X-A");
  FieldTwins others;
  others.add("x_a");
  others.add("X-B");
  twins.add(others);
  EXPECT_EQ(twins.size(), 2U);
  Headers headers = make({"X-A", "X_B", "X-C"});
  twins.remove_with_twins(headers);
  EXPECT_EQ(names(headers), "X-C");
  twins.add(FieldTwins::of_gateway());
  headers = make({"X_Forwarded_For"});
  EXPECT_EQ(twins.remove_from(headers), 1U);
}

TEST(FieldTwins, KnowsNothingOfItsOwn) {
  Headers headers = make({"X_Forwarded_For"});
  EXPECT_EQ(FieldTwins().remove_from(headers), 0U);
  EXPECT_EQ(names(headers), "X_Forwarded_For");
}

TEST(FieldTwins, OfOneName) {
  Headers headers = make({"X-User", "X_User", "x_user", "X_Other", "X_Forwarded_For"});
  EXPECT_EQ(remove_twins(headers, "X-User"), 2U);
  EXPECT_EQ(names(headers), "X-User X_Other X_Forwarded_For");
  EXPECT_EQ(remove_twins(headers, "X_Other"), 0U);
}

}  // namespace
}  // namespace sluice::http
