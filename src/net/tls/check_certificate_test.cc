// SPDX-License-Identifier: Apache-2.0
#include "net/tls/check_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls/testing/test_certificates.h"

namespace sluice::net {
namespace {

using ::testing::HasSubstr;

TEST(CheckCertificateTest, AcceptsWhatPeersAccept) {
  const KeyPair pair = testing::make_pair("shop.example");
  EXPECT_TRUE(check_certificate(pair.certificate, pair.certificate, "shop.example"));
}

TEST(CheckCertificateTest, SaysWhatPeersRefuse) {
  const KeyPair pair = testing::make_pair("shop.example");
  const KeyPair other = testing::make_pair("other.example");
  for (const char* host : {"shop.example.org", "10.0.0.1", "::1"}) {
    const auto named = check_certificate(pair.certificate, pair.certificate, host);
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().message, std::string("it does not name ") + host);
  }
  const auto trusted = check_certificate(pair.certificate, other.certificate, "shop.example");
  ASSERT_FALSE(trusted);
  EXPECT_THAT(trusted.error().message, HasSubstr("as that of a server, it is refused: self"));
  EXPECT_FALSE(check_certificate("", pair.certificate, "shop.example"));
  EXPECT_FALSE(check_certificate(pair.certificate, "x", "shop.example"));
}

}  // namespace
}  // namespace sluice::net
