// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Base64, RefusesOtherText) {
  for (const char* text : {"a", "ab=c", "====", "YQ =", "/tmp/x.wasm", "YQ", "Y*=="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(base64_decode("YWJj\nZGVm\n"), "abcdef");
  EXPECT_EQ(base64_decode(""), "");
}

// RFC 4231 section 4.3.
TEST(Hmac, KnownVector) {
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ConstantTime, ComparesAllOfIt) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "xbc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Sha256, KnownVector) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, BytesAreThoseOfTheHex) { EXPECT_EQ(hex_encode(sha256("abc")), sha256_hex("abc")); }

TEST(Sha256, PiecesMakeNoDifference) {
  Sha256 hash;
  for (const char* piece : {"a", "", "bc"}) hash.update(piece);
  EXPECT_EQ(hash.hex(), sha256_hex("abc"));
  EXPECT_EQ(Sha256().hex(), sha256_hex(""));
}

TEST(Base64Url, HasOneTextForEachBytes) {
  EXPECT_EQ(base64url_encode(""), "");
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url_encode("a"), "YQ");
  EXPECT_EQ(base64url_encode("ab"), "YWI");
  for (const std::string bytes : {"", "a", "ab", "abc", "\xfb\xff\xfe\xff"})
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
  for (const char* text :
       {"YQ==", "YQ=", "YR", "Y", "YWJ", "+//+", "YW I", "YW\nI", "YWI\n", "é", "Y Q"})
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  EXPECT_EQ(base64url_decode(std::string_view("YQ\0", 3)), std::nullopt);
}

}  // namespace
}  // namespace sluice
