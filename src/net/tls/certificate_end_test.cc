// SPDX-License-Identifier: Apache-2.0
#include "net/tls/certificate_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls/testing/test_certificates.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

const auto kDay = std::chrono::sys_days(std::chrono::year(2031) / 3 / 14) + 15h + 9min + 26s;

TEST(CertificateEndTest, NamesTheCertificateAndTheDate) {
  const auto end = end_of_chain("cert-file a.pem",
                                testing::make_pair("shop.example", {.end = kDay}).certificate);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, (CertificateEnd{"cert-file a.pem", "CN=shop.example", kDay}));
  EXPECT_EQ(end_text(*end), "2031-03-14T15:09:26Z");
}

TEST(CertificateEndTest, SaysItInTimeAndUntilTheLastSecond) {
  const CertificateEnd one{"", "", kDay};
  EXPECT_EQ(state_of(one, kDay - kCertificateNotice - 1s), CertificateState::valid);
  EXPECT_EQ(state_of(one, kDay - kCertificateNotice), CertificateState::valid);
  EXPECT_EQ(state_of(one, kDay - kCertificateNotice + 1s), CertificateState::ends_soon);
  EXPECT_EQ(state_of(one, kDay + 500ms), CertificateState::ends_soon);
  EXPECT_EQ(state_of(one, kDay + 1s), CertificateState::ended);
}

TEST(CertificateEndTest, AChainEndsWithItsFirstAndAuthoritiesWithTheirLast) {
  const std::string leaf = testing::make_pair("leaf", {.end = kDay + 24h}).certificate;
  const std::string root = testing::make_pair("root", {.end = kDay - 24h}).certificate;
  EXPECT_EQ(end_of_chain("", leaf + root)->subject, "CN=leaf")
      << "a self-signed one behind it is of no use to peers";
  EXPECT_EQ(end_of_authorities("", leaf + root)->subject, "CN=leaf");
  EXPECT_EQ(end_of_authorities("", root + leaf)->end, kDay + 24h);
  EXPECT_EQ(end_of_chain("", root)->end, kDay - 24h);
}

TEST(CertificateEndTest, ADateWithoutEndIsFarAway) {
  const auto never = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + 24h - 1s;
  const auto end = end_of_chain("", testing::make_pair("a", {.end = never}).certificate);
  ASSERT_TRUE(end);
  EXPECT_EQ(end_text(*end), "9999-12-31T23:59:59Z");
  EXPECT_EQ(state_of(*end, std::chrono::system_clock::now()), CertificateState::valid);
}

TEST(CertificateEndTest, RefusesWhatIsCutOff) {
  const std::string whole = testing::make_pair("a").certificate;
  for (const std::size_t size : {std::size_t{0}, whole.size() / 2, whole.size() - 10}) {
    EXPECT_FALSE(end_of_chain("", whole.substr(0, size))) << size;
    EXPECT_FALSE(end_of_authorities("", whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(end_of_authorities("", whole + whole.substr(0, whole.size() / 2)));
}

}  // namespace
}  // namespace sluice::net
