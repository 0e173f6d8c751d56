// SPDX-License-Identifier: Apache-2.0
#include "server/admission.h"

#include <gtest/gtest.h>

#include "server/server_spec.h"

namespace sluice::server {
namespace {

TEST(Admission, WhoHasShownLessMustComeAgain) {
  const Admission plain;
  const Admission tls{.secure = true};
  const Admission mutual{.secure = true, .authorities = "a"};
  const Admission other{.secure = true, .authorities = "b"};
  const Admission announced{.announced_by = "any"};
  EXPECT_FALSE(plain.satisfies(tls));
  EXPECT_FALSE(tls.satisfies(mutual));
  EXPECT_FALSE(mutual.satisfies(other));
  EXPECT_FALSE(plain.satisfies(announced));
  EXPECT_FALSE(announced.satisfies({.announced_by = "10.0.0.1"}));
}

TEST(Admission, WhoHasShownMoreStays) {
  const Admission mutual{.secure = true, .authorities = "a", .announced_by = "any"};
  EXPECT_TRUE(mutual.satisfies(mutual));
  EXPECT_TRUE(mutual.satisfies({.secure = true, .authorities = "a"}));
  EXPECT_TRUE(mutual.satisfies({.secure = true}));
  EXPECT_TRUE(mutual.satisfies({}));
}

TEST(Admission, AsText) {
  const Admission all{.secure = true, .authorities = "0a", .announced_by = "10.0.0.0/8,::1"};
  EXPECT_EQ(Admission::parse(all.text()), all);
  EXPECT_EQ(Admission::parse(Admission{}.text()), Admission{});
  for (const char* text : {"", "tls", "tls;", "other;;"}) EXPECT_FALSE(Admission::parse(text));
}

TEST(Admission, OfAServer) {
  HttpServerSpec spec;
  EXPECT_EQ(Admission::of(spec, nullptr), Admission{});
  spec.proxy_protocol = true;
  EXPECT_EQ(Admission::of(spec, nullptr).announced_by, "any");
  spec.trusted_proxies = {"10.0.0.1", "::1"};
  EXPECT_EQ(Admission::of(spec, nullptr).announced_by, "10.0.0.1,::1");
}

}  // namespace
}  // namespace sluice::server
