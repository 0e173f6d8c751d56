// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "filters/signer/signer.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kNow = "20260131T120000Z";
constexpr std::string_view kWrong = "wrong signature";
constexpr std::string_view kBeside = "parameters of a signature stand beside it";
constexpr std::string_view kMalformed = "the signature is malformed";
constexpr std::string_view kExpired = "the signature has expired";

SignTime at(std::string_view text) { return *parse_sign_time(text); }

SignatureSpec own_spec() {
  SignatureSpec spec;
  spec.access_keys = {{"ann", "ann's secret"}, {"bob", "bob's secret"}};
  return spec;
}

http::Request plain_request() {
  http::Request request;
  request.method = "POST";
  request.scheme = "http";
  request.host = "shop.test";
  EXPECT_TRUE(request.set_target("/buy%20it?item=7&size=a%2Fb"));
  request.headers.add("X-Colour", "blue");
  request.body.assign("one please");
  return request;
}

http::Request signed_request(std::string_view time = kNow) {
  SignatureSpec spec = own_spec();
  spec.access_key_id = "ann";
  spec.access_key_secret = "ann's secret";
  auto request = plain_request();
  EXPECT_TRUE(RequestSigner(spec, {"eu", "shop"}).sign(request, at(time)));
  return request;
}

// A URL signed for a minute. It covers the headers `names`.
http::Request signed_url(std::string_view expires = "60",
                         const std::vector<std::string>& names = {"host"}) {
  const SignatureLiterals literals;
  auto request = plain_request();
  SignatureTerms terms;
  terms.time = kNow;
  terms.scopes = {"eu"};
  terms.names = names;
  request.query +=
      "&X-Algorithm=HMAC-SHA256&X-Credential=bob/20260131/eu/request&X-Date=" + terms.time +
      "&X-Expires=" + std::string(expires) + "&X-SignedHeaders=" + join_names(names);
  terms.query = canonical_query(*parse_query(request.query));
  terms.body_hash = std::string(kUnsignedPayload);
  request.query += "&X-Signature=" + signature_of(request, terms, literals, "bob's secret");
  return request;
}

std::string_view verify(const http::Request& request, std::string_view now = kNow,
                        const SignatureSpec& spec = own_spec()) {
  return SignatureVerifier(spec).fault_of(request, at(now));
}

SignatureSpec without_body() {
  SignatureSpec spec = own_spec();
  spec.exclude_body = true;
  return spec;
}

void replace(http::Request& request, std::string_view text, std::string_view by) {
  std::string header(*request.headers.get("Authorization"));
  const std::size_t found = header.find(text);
  ASSERT_NE(found, std::string::npos) << header;
  header.replace(found, text.size(), by);
  request.headers.set("Authorization", header);
}

TEST(SignatureVerifier, AcceptsWhatItsKeysHaveSigned) {
  EXPECT_EQ(verify(signed_request()), "");
  EXPECT_EQ(verify(signed_url(), kNow, without_body()), "");
}

TEST(SignatureVerifier, AcceptsTheSinglePairOfKeys) {
  SignatureSpec spec;
  spec.access_key_id = "ann";
  spec.access_key_secret = "ann's secret";
  EXPECT_EQ(verify(signed_request(), kNow, spec), "");
}

TEST(SignatureVerifier, RefusesEveryChange) {
  struct Row {
    const char* name;
    std::function<void(http::Request&)> change;
    std::string_view fault;
  };
  const Row rows[] = {
      {"method", [](auto& r) { r.method = "PUT"; }, kWrong},
      {"path", [](auto& r) { r.escaped_path = "/buy"; }, kWrong},
      {"query", [](auto& r) { r.query = "item=8&size=a%2Fb"; }, kWrong},
      {"parameter more", [](auto& r) { r.query += "&admin=1"; }, kWrong},
      {"uncovered parameter", [](auto& r) { r.query += "&X-Signature=1"; }, kBeside},
      {"uncovered date", [](auto& r) { r.query += "&X-Date=20260131T120000Z"; }, kBeside},
      {"broken parameter", [](auto& r) { r.query += "&admin=%zz"; }, "the query cannot be decoded"},
      {"host", [](auto& r) { r.host = "other.test"; }, kWrong},
      {"header", [](auto& r) { r.headers.set("X-Colour", "red"); }, kWrong},
      {"second value", [](auto& r) { r.headers.add("X-Colour", "red"); }, kWrong},
      {"body", [](auto& r) { r.body.assign("two please"); }, kWrong},
      {"key of another", [](auto& r) { replace(r, "=ann/", "=bob/"); }, kWrong},
      {"unknown key", [](auto& r) { replace(r, "=ann/", "=eve/"); }, "unknown access key"},
      {"scope", [](auto& r) { replace(r, "/eu/", "/us/"); }, kWrong},
      {"suffix", [](auto& r) { replace(r, "/request", "/other"); }, kMalformed},
      {"algorithm", [](auto& r) { replace(r, "HMAC-SHA256", "HMAC-SHA1"); }, kMalformed},
      {"date", [](auto& r) { r.headers.set("X-Date", "20260131T120001Z"); }, kWrong},
      {"other day", [](auto& r) { r.headers.set("X-Date", "20260130T120000Z"); }, kMalformed},
      {"two dates", [](auto& r) { r.headers.add("X-Date", "20260131T120000Z"); }, kMalformed},
      {"no date", [](auto& r) { r.headers.remove("X-Date"); }, kMalformed},
      {"two signatures", [](auto& r) { r.headers.add("Authorization", "x"); }, kMalformed},
      {"basic", [](auto& r) { r.headers.set("Authorization", "Basic YTpi"); }, kMalformed},
      {"empty", [](auto& r) { r.headers.set("Authorization", ""); }, kMalformed},
      {"host not covered", [](auto& r) { replace(r, "=host;", "="); },
       "the signature does not cover the host"},
      {"names in capitals", [](auto& r) { replace(r, "=host", "=Host"); }, kMalformed},
      {"truncated", [](auto& r) { replace(r, "Signature=", "Signature=0"); }, kWrong},
      {"none", [](auto& r) { r.headers.remove("Authorization"); }, "no signature"},
  };
  for (const Row& row : rows) {
    auto request = signed_request();
    row.change(request);
    EXPECT_EQ(verify(request), row.fault) << row.name;
  }
}

TEST(SignatureVerifier, ChecksTheAge) {
  SignatureSpec spec = own_spec();
  spec.ttl = std::chrono::minutes(1);
  EXPECT_EQ(verify(signed_request(), "20260131T120100Z", spec), "");
  EXPECT_EQ(verify(signed_request(), "20260131T120101Z", spec), kExpired);
  EXPECT_EQ(verify(signed_request(), "20260131T115900Z", spec), "");
  EXPECT_EQ(verify(signed_request(), "20260131T115859Z", spec), kExpired);
  EXPECT_EQ(verify(signed_request("00010101T000000Z"), kNow, spec), kExpired);
  EXPECT_EQ(verify(signed_request("99991231T235959Z"), kNow, spec), kExpired);
}

TEST(SignatureVerifier, WithoutTtlAnyPastIsFine) {
  EXPECT_EQ(verify(signed_request(), "20360131T120000Z"), "");
  EXPECT_EQ(verify(signed_request(), "20260131T115500Z"), "");
  EXPECT_EQ(verify(signed_request(), "20260131T115459Z"), kExpired);
}

TEST(SignatureVerifier, SignedUrlsEnd) {
  EXPECT_EQ(verify(signed_url(), "20260131T120100Z", without_body()), "");
  EXPECT_EQ(verify(signed_url(), "20260131T120101Z", without_body()), kExpired);
  EXPECT_EQ(verify(signed_url("-1"), kNow, without_body()), kMalformed);
  EXPECT_EQ(verify(signed_url("99999999999999999999"), kNow, without_body()), kMalformed);
}

TEST(SignatureVerifier, SignedUrlsCannotBeChanged) {
  for (const char* more : {"&admin=1", "&X-Expires=9000", "&X-Signature=0", "&X-Date=x"}) {
    auto request = signed_url();
    request.query += more;
    EXPECT_NE(verify(request, kNow, without_body()), "") << more;
  }
  EXPECT_EQ(verify(signed_url("60", {"x-colour"}), kNow, without_body()),
            "the signature does not cover the host");
}

TEST(SignatureVerifier, NoSignatureCoversAStream) {
  class Endless final : public http::BodyReader {
   public:
    Task<Result<std::string_view>> read() override { co_return "x"; }
  };
  auto request = signed_request();
  request.body = http::Body(std::make_unique<Endless>(), std::nullopt);
  EXPECT_EQ(verify(request), "the body is a stream, and no signature covers it");
}

TEST(SignatureSpecTest, FaultsNameTheirPlace) {
  const auto lines = [](std::string_view yaml) {
    config::Faults faults;
    const auto value = config::parse_document(yaml);
    EXPECT_TRUE(value);
    (void)config::decode<SignatureSpec>(*value, "s", faults);
    return faults.lines();
  };
  EXPECT_THAT(lines("accessKeys: {a: b}"), ElementsAre());
  EXPECT_THAT(lines("accessKeyId: a"),
              ElementsAre("s.accessKeySecret: is needed, the other of the pair is there"));
  EXPECT_THAT(
      lines("{accessKeys: {a/b: c, d: ''}}"),
      ElementsAre("s.accessKeys[\"a/b\"]: the id has a blank, a slash or a comma, or is empty",
                  "s.accessKeys.d: has no secret"));
  EXPECT_THAT(lines("{literal: {date: 'a b', scopeSuffix: a/b}}").size(), 2U);
}

}  // namespace
}  // namespace sluice::filters
