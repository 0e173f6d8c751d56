// SPDX-License-Identifier: Apache-2.0
#include "http/cause.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace sluice::http {
namespace {

TEST(Cause, EveryCauseHasACodeOfItsOwn) {
  std::set<std::string_view> codes;
  for (std::size_t i = 1; i < kCauses; ++i) {
    const std::string_view code = code_of(static_cast<Cause>(i));
    EXPECT_TRUE(codes.insert(code).second) << code;
    EXPECT_FALSE(code.empty()) << i;
    for (const char c : code)
      EXPECT_TRUE((c >= 'a' && c <= 'z') || is_digit(c) || c == '_') << code;
  }
  EXPECT_EQ(code_of(Cause::none), "");
}

TEST(Cause, TheCodeIsThatOfTheCause) {
  EXPECT_EQ(code_of(Cause::head_malformed), "head_malformed");
  EXPECT_EQ(code_of(Cause::no_response), "no_response");
  EXPECT_EQ(code_of(Cause::wasm_limit), "wasm_limit");
  EXPECT_EQ(code_of(Cause::tls_failed), "tls_failed");
  EXPECT_EQ(code_of(Cause::http2_error), "http2_error");
}

TEST(Cause, AHeadIsRefusedByItsStatus) {
  EXPECT_EQ(refusal_of_head(400).cause, Cause::head_malformed);
  EXPECT_EQ(refusal_of_head(414).cause, Cause::target_too_long);
  EXPECT_EQ(refusal_of_head(417).cause, Cause::expectation_unknown);
  EXPECT_EQ(refusal_of_head(431).cause, Cause::head_too_large);
  EXPECT_EQ(refusal_of_head(501).cause, Cause::not_implemented);
  EXPECT_EQ(refusal_of_head(505).cause, Cause::version_unsupported);
  EXPECT_EQ(refusal_of_head(505).status, 505);
}

}  // namespace
}  // namespace sluice::http
