// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/signer/verifier.h"

namespace sluice::filters {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SignatureSpec aws_spec() {
  SignatureSpec spec;
  spec.access_key_id = "AKIDEXAMPLE";
  spec.access_key_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  spec.literal = SignatureLiterals::aws4();
  return spec;
}

http::Request request_to(std::string_view target) {
  http::Request request;
  request.method = "GET";
  request.scheme = "https";
  request.host = "iam.amazonaws.com";
  EXPECT_TRUE(request.set_target(target));
  return request;
}

std::string authorization(const http::Request& request) {
  return std::string(request.headers.get("Authorization").value_or(""));
}

// The example of Amazon's description of Signature Version 4.
TEST(RequestSigner, SignsAsAmazonDoes) {
  const RequestSigner signer(aws_spec(), {"us-east-1", "iam"});
  auto request = request_to("/?Action=ListUsers&Version=2010-05-08");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  ASSERT_TRUE(signer.sign(request, *parse_sign_time("20150830T123600Z")));
  EXPECT_EQ(request.headers.get("X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(authorization(request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(RequestSigner, LeavesOutWhatTheBackendDoesNotGetAsItIs) {
  SignatureSpec spec = aws_spec();
  spec.ignored_headers = {"x-trace"};
  const RequestSigner signer(spec, {});
  auto request = request_to("/");
  for (const char* name : {"Connection", "Content-Length", "TE", "User-Agent", "X-Trace", "X-Kept"})
    request.headers.add(name, "x");
  request.headers.add("Authorization", "Bearer of the client");
  ASSERT_TRUE(signer.sign(request, *parse_sign_time("20150830T123600Z")));
  EXPECT_THAT(authorization(request), HasSubstr("SignedHeaders=host;x-amz-date;x-kept,"));
  EXPECT_THAT(authorization(request), Not(HasSubstr("client")));
}

TEST(RequestSigner, RefusesAStreamUnlessTheBodyIsExcluded) {
  SignatureSpec spec = aws_spec();
  auto request = request_to("/");
  class Endless final : public http::BodyReader {
   public:
    Task<Result<std::string_view>> read() override { co_return "x"; }
  };
  request.body = http::Body(std::make_unique<Endless>(), std::nullopt);
  const auto now = *parse_sign_time("20150830T123600Z");
  EXPECT_FALSE(RequestSigner(spec, {}).sign(request, now));
  spec.exclude_body = true;
  ASSERT_TRUE(RequestSigner(spec, {}).sign(request, now));
  EXPECT_EQ(request.headers.get("X-Amz-Content-Sha256"), kUnsignedPayload);
}

TEST(RequestSigner, RefusesAQueryThatCannotBeDecoded) {
  auto request = request_to("/");
  request.query = "a=%zz";
  EXPECT_FALSE(RequestSigner(aws_spec(), {}).sign(request, *parse_sign_time("20150830T123600Z")));
}

TEST(RequestSigner, ReplacesTheHashThatTheClientGives) {
  auto request = request_to("/");
  request.headers.add("X-Amz-Content-Sha256", "of another body");
  request.body.assign("{}");
  ASSERT_TRUE(RequestSigner(aws_spec(), {}).sign(request, *parse_sign_time("20150830T123600Z")));
  EXPECT_EQ(request.headers.get("X-Amz-Content-Sha256"),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace sluice::filters
