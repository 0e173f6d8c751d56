// SPDX-License-Identifier: Apache-2.0
#include "base/password.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Password, ItsHashFitsItAndNothingElse) {
  const auto hash = hash_password("open sesame");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(is_password_hash(*hash));
  EXPECT_TRUE(verify_password(*hash, "open sesame"));
  EXPECT_FALSE(verify_password(*hash, "open sesam"));
  EXPECT_FALSE(verify_password(*hash, ""));
  EXPECT_FALSE(verify_password(*hash, *hash));
  EXPECT_EQ(hash->find("sesame"), std::string::npos);
  EXPECT_NE(*hash, *hash_password("open sesame")) << "each has a salt of its own";
}

// RFC 7914 section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1).
TEST(Password, ComputesWhatTheStandardSays) {
  EXPECT_TRUE(verify_password(
      "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
      "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
      "pleaseletmein"));
}

TEST(Password, BrokenAndDearHashesFitNothing) {
  for (const char* text :
       {"", "plain", "$scrypt$", "$scrypt$ln=15,r=8,p=1$$", "$scrypt$ln=15,r=8$YWFhYQ$YWFhYQ",
        "$scrypt$ln=20,r=32,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=15,r=8,p=1$***$c2FsdHNhbHRzYWx0c2FsdA"}) {
    EXPECT_FALSE(is_password_hash(text)) << text;
    EXPECT_FALSE(verify_password(text, text)) << text;
  }
}

TEST(SameSecret, ComparesContents) {
  EXPECT_TRUE(same_secret("a", "a"));
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_FALSE(same_secret("a", "b"));
  EXPECT_FALSE(same_secret("a", "aa"));
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(same_secret("a", std::to_string(i))) << i;
}

}  // namespace
}  // namespace sluice
