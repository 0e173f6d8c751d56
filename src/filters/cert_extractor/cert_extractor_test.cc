// SPDX-License-Identifier: Apache-2.0
#include "filters/cert_extractor/cert_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "net/tls/peer_certificates.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using net::NameField;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& fields,
                                                       config::Faults& faults) {
  const auto value = config::parse_document("{name: cert, kind: CertExtractor, " + fields + "}");
  EXPECT_TRUE(value) << value.error().message;
  return make_cert_extractor_kind()->build(
      *value, {.pipeline = "p", .name = "cert", .path = "filters[0]"}, faults);
}

class CertExtractorTest : public ::testing::Test {
 protected:
  CertExtractorTest() {
    auto shown = std::make_shared<net::PeerCertificates>();
    shown->chain.push_back({{{NameField::organization, "Shop"},
                             {NameField::common_name, "ann"},
                             {NameField::common_name, "ann's machine"},
                             {NameField::common_name, " root"},
                             {NameField::common_name, "root "},
                             {NameField::locality, "line\nbreak"}},
                            {{NameField::common_name, "middle"}}});
    shown->chain.push_back({{{NameField::common_name, "middle"}, {NameField::country, "DE"}},
                            {{NameField::common_name, "root"}}});
    exchange_.certificates = std::move(shown);
  }
  // The values of the header X-Cert after the filter.
  std::vector<std::string> values(const std::string& fields) {
    config::Faults faults;
    const auto prototype = build(fields + ", headerKey: X-Cert", faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    http::Headers& headers = exchange_.request()->headers;
    headers.clear();
    headers.add("X-Cert", "of the client");
    headers.add("x_cert", "of the client");
    const auto filter = prototype->instantiate(core_);
    EXPECT_EQ(loop::run_to_completion(loop_, filter->handle(exchange_)), "");
    std::vector<std::string> all;
    for (const http::Field& field : headers) all.push_back(field.value);
    return all;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
};

TEST_F(CertExtractorTest, PlaceNameAndFieldSelect) {
  EXPECT_THAT(values("certIndex: 0, target: subject, field: Organization"), ElementsAre("Shop"));
  EXPECT_THAT(values("certIndex: 0, target: issuer, field: CommonName"), ElementsAre("middle"));
  EXPECT_THAT(values("certIndex: 1, target: subject, field: Country"), ElementsAre("DE"));
  EXPECT_THAT(values("certIndex: -1, target: issuer, field: CommonName"), ElementsAre("root"));
  EXPECT_THAT(values("certIndex: -2, target: issuer, field: CommonName"), ElementsAre("middle"));
}

TEST_F(CertExtractorTest, EachValueIsAField) {
  EXPECT_THAT(values("certIndex: 0, target: subject, field: CommonName"),
              ElementsAre("ann", "ann's machine"));
}

TEST_F(CertExtractorTest, HeaderOfTheClientGoesInAnyCase) {
  EXPECT_THAT(values("certIndex: 2, target: subject, field: CommonName"), SizeIs(0));
  EXPECT_THAT(values("certIndex: -3, target: subject, field: CommonName"), SizeIs(0));
  EXPECT_THAT(values("certIndex: 0, target: subject, field: PostalCode"), SizeIs(0));
  EXPECT_THAT(values("certIndex: 0, target: subject, field: Locality"), SizeIs(0));
  exchange_.certificates = nullptr;
  EXPECT_THAT(values("certIndex: 0, target: subject, field: CommonName"), SizeIs(0));
}

TEST(CertExtractorSpecTest, FaultsNameTheirPlace) {
  config::Faults faults;
  EXPECT_EQ(build("certIndex: 0, target: subject, field: CommonName, headerKey: a b", faults),
            nullptr);
  EXPECT_THAT(faults.lines(), ElementsAre("filters[0].headerKey: \"a b\" is not a header name"));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "TE"}) {
    config::Faults framing;
    EXPECT_EQ(
        build(std::string("certIndex: 0, target: subject, field: CommonName, headerKey: ") + name,
              framing),
        nullptr);
    EXPECT_THAT(framing.lines(), ElementsAre(::testing::EndsWith("\" belongs to the connection")));
  }
  config::Faults decoding;
  EXPECT_EQ(build("target: owner, field: Street, headerKey: X", decoding), nullptr);
  EXPECT_THAT(decoding.lines(), SizeIs(3));
}

}  // namespace
}  // namespace sluice::filters
