// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "filters/validator/testing/token_maker.h"

namespace sluice::filters {
namespace {

using ::testing::HasSubstr;

std::vector<const JwtAlgorithm*> algorithms(std::initializer_list<std::string_view> names) {
  std::vector<const JwtAlgorithm*> all;
  for (const std::string_view name : names) all.push_back(jwt_algorithm(name));
  return all;
}

class KeySetTest : public ::testing::Test {
 protected:
  // The number of keys that a set of this one key has.
  std::size_t usable(Json jwk, std::initializer_list<std::string_view> allowed = {
                                   "RS256", "PS256", "ES256", "EdDSA"}) {
    const Json document{{"keys", Json::array({std::move(jwk)})}};
    const auto set = KeySet::parse(document.dump(), algorithms(allowed));
    return set ? set->size() : 0;
  }
  Json with(Json jwk, const char* name, const Json& value) {
    jwk[name] = value;
    return jwk;
  }

  TokenMaker maker_;
};

TEST_F(KeySetTest, KeysOfEveryKind) {
  EXPECT_EQ(usable(maker_.jwk("RSA")), 2U);  // RS256 and PS256
  EXPECT_EQ(usable(with(maker_.jwk("RSA"), "alg", "PS256")), 1U);
  EXPECT_EQ(usable(maker_.jwk("P-256")), 1U);
  EXPECT_EQ(usable(maker_.jwk("P-384"), {"ES256", "ES384"}), 1U);
  EXPECT_EQ(usable(maker_.jwk("P-521"), {"ES512"}), 1U);
  EXPECT_EQ(usable(maker_.jwk("Ed25519")), 1U);
}

TEST_F(KeySetTest, LeavesOutKeysThatAreNotForTokens) {
  const Json rsa = maker_.jwk("RSA");
  EXPECT_EQ(usable(with(rsa, "use", "enc")), 0U);
  EXPECT_EQ(usable(with(rsa, "use", "sig")), 2U);
  EXPECT_EQ(usable(with(rsa, "key_ops", Json::array({"encrypt"}))), 0U);
  EXPECT_EQ(usable(with(rsa, "key_ops", Json::array({"verify"}))), 2U);
  EXPECT_EQ(usable(with(rsa, "key_ops", "verify")), 0U);
  EXPECT_EQ(usable(with(rsa, "alg", "HS256"), {"RS256"}), 0U);
  EXPECT_EQ(usable(with(rsa, "alg", "ES256")), 0U);
  EXPECT_EQ(usable(with(rsa, "alg", 7)), 0U);
}

// A client must not be able to sign with what everybody can read.
TEST_F(KeySetTest, SymmetricKeysAreNone) {
  EXPECT_EQ(usable({{"kty", "oct"}, {"k", "c2VjcmV0"}, {"alg", "HS256"}}), 0U);
}

TEST_F(KeySetTest, LeavesOutKeysThatAreWeakOrMalformed) {
  const Json rsa = maker_.jwk("RSA");
  EXPECT_EQ(usable(maker_.jwk("RSA-1024")), 0U);
  EXPECT_EQ(usable(with(rsa, "e", "AQ")), 0U);
  EXPECT_EQ(usable(with(rsa, "e", "Ag")), 0U);
  EXPECT_EQ(usable(with(rsa, "e", "")), 0U);
  EXPECT_EQ(usable(with(rsa, "n", "not base64!")), 0U);
  EXPECT_EQ(usable(with(rsa, "n", base64url_encode(std::string(1025, '\xff')))), 0U);
  EXPECT_EQ(usable(with(rsa, "n", 5)), 0U);
  const Json ec = maker_.jwk("P-256");
  EXPECT_EQ(usable(with(ec, "x", base64url_encode(std::string(32, '\x01')))), 0U);  // off the curve
  EXPECT_EQ(usable(with(ec, "crv", "P-384")), 0U);
  EXPECT_EQ(usable(with(ec, "crv", "secp256k1")), 0U);
  EXPECT_EQ(usable(with(maker_.jwk("Ed25519"), "x", "AAAA")), 0U);
  EXPECT_EQ(usable(Json("text")), 0U);
  EXPECT_EQ(usable({{"kty", "XYZ"}}), 0U);
}

TEST_F(KeySetTest, RefusesOtherDocuments) {
  for (const char* text :
       {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", "<html>", R"({"keys":[],"keys":[]})"})
    EXPECT_FALSE(KeySet::parse(text, algorithms({"RS256"}))) << text;
  Json many{{"keys", Json::array()}};
  for (std::size_t i = 0; i <= kKeysMax; ++i) many["keys"].push_back(maker_.jwk("P-256"));
  EXPECT_THAT(KeySet::parse(many.dump(), algorithms({"ES256"})).error().message,
              HasSubstr("more than 100 keys"));
  EXPECT_THAT(KeySet::parse(std::string(kKeySetBytesMax + 1, ' '), {}).error().message,
              HasSubstr("larger than 1 MiB"));
}

TEST_F(KeySetTest, FindsByNameAndAlgorithm) {
  Json keys = Json::array();
  for (const char* id : {"a", "b"}) {
    maker_.renew("P-256");
    keys.push_back(with(maker_.jwk("P-256"), "kid", id));
  }
  const auto set = KeySet::parse(Json{{"keys", keys}}.dump(), algorithms({"ES256", "RS256"}));
  ASSERT_TRUE(set);
  ASSERT_EQ(set->find("ES256", "b").size(), 1U);
  EXPECT_EQ(set->find("ES256", "b")[0]->id(), "b");
  EXPECT_EQ(set->find("ES256", "").size(), 2U);
  EXPECT_TRUE(set->find("ES256", "c").empty());
  EXPECT_TRUE(set->find("RS256", "a").empty());
}

TEST_F(KeySetTest, TriesFewKeysForOneToken) {
  Json keys = Json::array();
  for (int i = 0; i < 20; ++i) keys.push_back(maker_.jwk("P-256"));
  const auto set = KeySet::parse(Json{{"keys", keys}}.dump(), algorithms({"ES256"}));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->size(), 20U);
  EXPECT_EQ(set->find("ES256", "").size(), kKeyTriesMax);
}

}  // namespace
}  // namespace sluice::filters
