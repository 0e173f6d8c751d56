// SPDX-License-Identifier: Apache-2.0
// Covers: jwt_key.cc
#include "filters/validator/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "filters/validator/testing/token_maker.h"

namespace sluice::filters {
namespace {

using namespace jwt_fault;
using ::testing::HasSubstr;

constexpr double kTime = 1'750'000'000;
const std::string kSecret = "a secret of more than thirty-two bytes";
const std::string kPlainClaims = R"({"sub":"ann"})";

std::string kind_of_key(std::string_view algorithm) {
  if (algorithm.starts_with("HS")) return kSecret;
  if (algorithm == "ES256") return "P-256";
  if (algorithm == "ES384") return "P-384";
  if (algorithm == "ES512") return "P-521";
  return algorithm == "EdDSA" ? "Ed25519" : "RSA";
}

class JwtTest : public ::testing::Test {
 protected:
  KeySet keys(std::string_view algorithm) {
    const JwtAlgorithm& known = *jwt_algorithm(algorithm);
    if (known.family == JwtFamily::hmac) return KeySet(JwtKey::of_secret(known, kSecret));
    auto key = JwtKey::of_pem(known, maker_.pem(kind_of_key(algorithm)));
    EXPECT_TRUE(key) << key.error().message;
    return KeySet(*std::move(key));
  }
  static std::string_view check(std::string_view token, const KeySet& keys,
                                const JwtRules& rules = {}, double now = kTime) {
    const auto claims = verify_jwt(token, keys, rules, now);
    return claims ? "" : claims.error();
  }
  // A token of the secret with any header and claims.
  std::string hs(std::string_view header, std::string_view payload) {
    return maker_.token(header, payload, "HS256", kSecret);
  }
  std::string claims(std::string_view payload) { return maker_.token(payload, "HS256", kSecret); }

  TokenMaker maker_;
};

TEST_F(JwtTest, EveryAlgorithmAcceptsItsOwn) {
  for (const std::string_view algorithm : jwt_algorithm_names()) {
    const auto token = maker_.token(kPlainClaims, algorithm, kind_of_key(algorithm));
    const auto verified = verify_jwt(token, keys(algorithm), {}, kTime);
    ASSERT_TRUE(verified) << algorithm << ": " << verified.error();
    EXPECT_EQ(verified->payload["sub"], "ann");
  }
}

TEST_F(JwtTest, NoAlgorithmAcceptsTheTokenOfAnother) {
  for (const std::string_view bound : jwt_algorithm_names()) {
    const KeySet set = keys(bound);
    for (const std::string_view other : jwt_algorithm_names()) {
      if (other == bound) continue;
      EXPECT_EQ(check(maker_.token(kPlainClaims, other, kind_of_key(other)), set), kAlgorithm)
          << bound << " " << other;
    }
  }
}

// The public key is known to everybody, and must not serve as a secret.
TEST_F(JwtTest, PublicKeyIsNoSecret) {
  const KeySet set = keys("RS256");
  EXPECT_EQ(check(maker_.token(kPlainClaims, "HS256", maker_.pem("RSA")), set), kAlgorithm);
  // The header names the bound algorithm, the signature is the HMAC.
  const std::string header = R"({"alg":"RS256"})";
  EXPECT_EQ(check(maker_.token(header, kPlainClaims, "HS256", maker_.pem("RSA")), set), kWrongKey);
}

TEST_F(JwtTest, SignatureOfAnotherAlgorithmUnderTheRightName) {
  EXPECT_EQ(check(maker_.token(R"({"alg":"PS256"})", kPlainClaims, "RS256", "RSA"), keys("PS256")),
            kWrongKey);
  EXPECT_EQ(check(maker_.token(R"({"alg":"RS256"})", kPlainClaims, "RS512", "RSA"), keys("RS256")),
            kWrongKey);
  EXPECT_EQ(
      check(maker_.token(R"({"alg":"HS256"})", kPlainClaims, "HS512", kSecret), keys("HS256")),
      kWrongKey);
}

TEST_F(JwtTest, EachKeyRefusesTheTokenOfAnotherKey) {
  for (const std::string_view algorithm : jwt_algorithm_names()) {
    const KeySet set = keys(algorithm);
    std::string other = kind_of_key(algorithm);
    if (algorithm.starts_with("HS")) {
      other = "another secret of thirty-two bytes, or more";
    } else {
      maker_.renew(other);
    }
    EXPECT_EQ(check(maker_.token(kPlainClaims, algorithm, other), set), kWrongKey) << algorithm;
  }
}

TEST_F(JwtTest, FormsThatAreNoToken) {
  const std::string good = claims(kPlainClaims);
  const std::string head = base64url_encode(R"({"alg":"HS256"})");
  const std::string body = base64url_encode(kPlainClaims);
  struct Row {
    const char* name;
    std::string token;
    std::string_view fault;
  };
  const Row rows[] = {
      {"good", good, ""},
      {"empty", "", kMalformed},
      {"one part", head, kMalformed},
      {"two parts", head + "." + body, kMalformed},
      {"no signature", head + "." + body + ".", kMalformed},
      {"four parts", good + ".x", kMalformed},
      {"five parts", good + ".x.y", kMalformed},
      {"only dots", "..", kMalformed},
      {"no header", "." + body + ".eA", kMalformed},
      {"no claims", head + "..eA", kMalformed},
      {"truncated by a digit", good.substr(0, good.size() - 1), kMalformed},
      {"truncated by a byte", good.substr(0, good.size() - 3), kWrongKey},
      {"padding", good + "=", kMalformed},
      {"blank before", " " + good, kMalformed},
      {"blank after", good + " ", kMalformed},
      {"line break", good.substr(0, 10) + "\n" + good.substr(10), kMalformed},
      {"standard alphabet", head + "." + body + ".+/+/", kMalformed},
      {"NUL", std::string("\0.\0.\0", 5), kMalformed},
      {"other claims",
       head + "." + base64url_encode(R"({"sub":"eve"})") + good.substr(good.rfind('.')), kWrongKey},
      {"other signature", head + "." + body + "." + base64url_encode(std::string(32, 'x')),
       kWrongKey},
      {"short signature", head + "." + body + ".eA", kWrongKey},
      {"header is a list", hs("[]", kPlainClaims), kMalformed},
      {"header is a text", hs(R"("HS256")", kPlainClaims), kMalformed},
      {"header is no JSON", hs("alg=HS256", kPlainClaims), kMalformed},
      {"claims are a list", hs(R"({"alg":"HS256"})", "[]"), kMalformed},
      {"claims are a text", hs(R"({"alg":"HS256"})", "\"x\""), kMalformed},
      {"claims are no JSON", hs(R"({"alg":"HS256"})", "sub=ann"), kMalformed},
      {"claims end early", hs(R"({"alg":"HS256"})", R"({"sub":"ann")"), kMalformed},
      {"text after the claims", hs(R"({"alg":"HS256"})", R"({"sub":"ann"} {})"), kMalformed},
      {"not UTF-8", hs(R"({"alg":"HS256"})", "{\"sub\":\"\xff\"}"), kMalformed},
      {"too deep",
       hs(R"({"alg":"HS256"})", R"({"a":)" + std::string(30, '[') + std::string(30, ']') + "}"),
       kMalformed},
      {"no algorithm", hs("{}", kPlainClaims), kAlgorithm},
      {"none", hs(R"({"alg":"none"})", kPlainClaims), kAlgorithm},
      {"None", hs(R"({"alg":"None"})", kPlainClaims), kAlgorithm},
      {"nOnE", hs(R"({"alg":"nOnE"})", kPlainClaims), kAlgorithm},
      {"none, unsigned", base64url_encode(R"({"alg":"none"})") + "." + body + ".", kMalformed},
      {"empty algorithm", hs(R"({"alg":""})", kPlainClaims), kAlgorithm},
      {"lower case", hs(R"({"alg":"hs256"})", kPlainClaims), kAlgorithm},
      {"algorithm is a number", hs(R"({"alg":256})", kPlainClaims), kMalformed},
      {"algorithm is a list", hs(R"({"alg":["HS256"]})", kPlainClaims), kMalformed},
      {"algorithm is null", hs(R"({"alg":null})", kPlainClaims), kMalformed},
      {"name of a key is a number", hs(R"({"alg":"HS256","kid":1})", kPlainClaims), kMalformed},
      {"crit", hs(R"({"alg":"HS256","crit":["exp"]})", kPlainClaims), kMalformed},
      {"b64", hs(R"({"alg":"HS256","crit":["b64"],"b64":false})", kPlainClaims), kMalformed},
      {"zip", hs(R"({"alg":"HS256","zip":"DEF"})", kPlainClaims), kMalformed},
      {"enc", hs(R"({"alg":"HS256","enc":"A128GCM"})", kPlainClaims), kMalformed},
      {"algorithm twice", hs(R"({"alg":"none","alg":"HS256"})", kPlainClaims), kMalformed},
      {"subject twice", claims(R"({"sub":"ann","sub":"eve"})"), kMalformed},
      {"expiry twice", claims(R"({"exp":1,"exp":9999999999})"), kMalformed},
      {"twice inside", claims(R"({"realm":{"a":1,"a":2}})"), kMalformed},
      {"twice by an escape", claims(R"({"sub":"ann","s\u0075b":"eve"})"), kMalformed},
      {"any type", hs(R"({"alg":"HS256","typ":"at+jwt"})", kPlainClaims), ""},
      {"key in the header", hs(R"({"alg":"HS256","jwk":{"kty":"oct","k":"eA"}})", kPlainClaims),
       ""},
      {"name of a key", hs(R"({"alg":"HS256","kid":"../../etc/passwd"})", kPlainClaims), ""},
  };
  const KeySet set = keys("HS256");
  for (const Row& row : rows) EXPECT_EQ(check(row.token, set), row.fault) << row.name;
}

TEST_F(JwtTest, SizeHasALimit) {
  const KeySet set = keys("HS256");
  std::string fits;
  std::string large = claims(kPlainClaims);
  for (std::size_t text = kTokenBytesMax * 3 / 4 - 200; large.size() <= kTokenBytesMax; ++text) {
    fits = std::exchange(large, claims(R"({"sub":")" + std::string(text, 'x') + R"("})"));
  }
  EXPECT_GT(fits.size(), kTokenBytesMax - 4);
  EXPECT_EQ(check(fits, set), "");
  EXPECT_EQ(check(large, set), kTooLarge);
  EXPECT_EQ(check(std::string(100 << 20, 'x'), set), kTooLarge);
  EXPECT_EQ(check(std::string(kTokenBytesMax, '.'), set), kMalformed);
}

TEST_F(JwtTest, Times) {
  const auto at = [](const char* name, double when) {
    return "{\"" + std::string(name) + "\":" + std::to_string(when) + "}";
  };
  struct Row {
    std::string payload;
    std::string_view fault;
    Duration leeway{};
  };
  using std::chrono::seconds;
  const Row rows[] = {
      {at("exp", kTime + 1), ""},
      {at("exp", kTime), kExpired},
      {at("exp", kTime - 1), kExpired},
      {at("exp", kTime + 0.5), ""},
      {at("exp", kTime - 9), "", seconds(10)},
      {at("exp", kTime - 10), kExpired, seconds(10)},
      {R"({"exp":0})", kExpired},
      {R"({"exp":-1})", kExpired},
      {R"({"exp":1e300})", ""},
      {R"({"exp":18446744073709551615})", ""},
      {R"({"exp":"9999999999"})", kMalformed},
      {R"({"exp":null})", kMalformed},
      {R"({"exp":true})", kMalformed},
      {R"({"exp":[9999999999]})", kMalformed},
      {R"({"exp":{}})", kMalformed},
      {at("nbf", kTime), ""},
      {at("nbf", kTime + 1), kNotYet},
      {at("nbf", kTime + 9), "", seconds(10)},
      {at("nbf", kTime + 11), kNotYet, seconds(10)},
      {R"({"nbf":"1"})", kMalformed},
      {at("iat", kTime), ""},
      {at("iat", kTime + 60), kFuture},
      {at("iat", kTime + 9), "", seconds(10)},
      {R"({"iat":"now"})", kMalformed},
      {R"({})", ""},
  };
  const KeySet set = keys("HS256");
  for (const Row& row : rows) {
    const JwtRules rules{.issuer = "", .audience = {}, .required_claims = {}, .leeway = row.leeway};
    EXPECT_EQ(check(claims(row.payload), set, rules), row.fault) << row.payload;
  }
}

TEST_F(JwtTest, ClaimsThatTheRulesDemand) {
  struct Row {
    const char* payload;
    std::string_view fault;
  };
  const Row rows[] = {
      {R"({"iss":"https://id.test","aud":"shop","sub":"ann"})", ""},
      {R"({"iss":"https://id.test","aud":["x","cart"],"sub":"ann"})", ""},
      {R"({"iss":"https://id.test/","aud":"shop","sub":"ann"})", kIssuer},
      {R"({"iss":"https://other.test","aud":"shop","sub":"ann"})", kIssuer},
      {R"({"iss":["https://id.test"],"aud":"shop","sub":"ann"})", kIssuer},
      {R"({"iss":null,"aud":"shop","sub":"ann"})", kIssuer},
      {R"({"aud":"shop","sub":"ann"})", kIssuer},
      {R"({"iss":"https://id.test","sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":"bank","sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":"shop,cart","sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":[],"sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":[["shop"]],"sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":{"shop":1},"sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":"Shop","sub":"ann"})", kAudience},
      {R"({"iss":"https://id.test","aud":"shop"})", kClaim},
      {R"({"iss":"https://id.test","aud":"shop","sub":null})", kClaim},
  };
  const JwtRules rules{
      .issuer = "https://id.test", .audience = {"shop", "cart"}, .required_claims = {"sub"}};
  const KeySet set = keys("HS256");
  for (const Row& row : rows)
    EXPECT_EQ(check(claims(row.payload), set, rules), row.fault) << row.payload;
}

// A client learns nothing about claims that it cannot sign.
TEST_F(JwtTest, SignatureComesBeforeTheClaims) {
  EXPECT_EQ(check(maker_.token(R"({"exp":1})", "HS256", "another secret, which nobody knows"),
                  keys("HS256")),
            kWrongKey);
}

TEST_F(JwtTest, SignaturesOfEcHaveOneForm) {
  const KeySet set = keys("ES256");
  const std::string text =
      base64url_encode(R"({"alg":"ES256"})") + "." + base64url_encode(kPlainClaims);
  const std::string raw = maker_.sign("ES256", "P-256", text);
  EXPECT_EQ(check(text + "." + base64url_encode(raw), set), "");
  EXPECT_EQ(check(text + "." + base64url_encode(raw + '\0'), set), kWrongKey);
  EXPECT_EQ(check(text + "." + base64url_encode(raw.substr(1)), set), kWrongKey);
  EXPECT_EQ(check(text + "." + base64url_encode(std::string(64, '\0')), set), kWrongKey);
  EXPECT_EQ(check(text + "." + base64url_encode(std::string(32, '\0') + raw.substr(32)), set),
            kWrongKey);
}

TEST_F(JwtTest, PublicKeysThatDoNotFitAreRefused) {
  const auto reason = [&](std::string_view algorithm, const std::string& pem) {
    const auto key = JwtKey::of_pem(*jwt_algorithm(algorithm), pem);
    return key ? "" : key.error().message;
  };
  EXPECT_EQ(reason("RS256", maker_.pem("P-256")),
            "is an EC key of curve prime256v1, and RS256 needs an RSA key");
  EXPECT_EQ(reason("ES256", maker_.pem("RSA")),
            "is an RSA key, and ES256 needs an EC key of curve prime256v1");
  EXPECT_THAT(reason("ES256", maker_.pem("P-384")), HasSubstr("curve secp384r1"));
  EXPECT_THAT(reason("EdDSA", maker_.pem("P-256")), HasSubstr("needs an Ed25519 key"));
  EXPECT_EQ(reason("RS256", maker_.pem("RSA-1024")), "is an RSA key of less than 2048 bits");
  EXPECT_THAT(reason("RS256", "no PEM"), HasSubstr("holds no public key"));
  EXPECT_THAT(reason("RS256", ""), HasSubstr("holds no public key"));
}

TEST_F(JwtTest, NamesOfKeysSelect) {
  Json jwk = maker_.jwk("P-256");
  jwk["kid"] = "one";
  const auto set = KeySet::parse(Json{{"keys", {jwk}}}.dump(), {jwt_algorithm("ES256")});
  ASSERT_TRUE(set);
  const auto named = [&](const char* header) {
    return check(maker_.token(header, kPlainClaims, "ES256", "P-256"), *set);
  };
  EXPECT_EQ(named(R"({"alg":"ES256","kid":"one"})"), "");
  EXPECT_EQ(named(R"({"alg":"ES256"})"), "");
  EXPECT_EQ(named(R"({"alg":"ES256","kid":"two"})"), kUnknownKey);
}

}  // namespace
}  // namespace sluice::filters
