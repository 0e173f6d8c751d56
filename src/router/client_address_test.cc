// SPDX-License-Identifier: Apache-2.0
#include "router/client_address.h"

#include <gtest/gtest.h>

namespace sluice::router {
namespace {

constexpr std::string_view kPeer = "192.0.2.9";

http::Request request_with(std::string_view forwarded_for, std::string_view real = "") {
  http::Request request;
  if (!forwarded_for.empty()) request.headers.add("X-Forwarded-For", forwarded_for);
  if (!real.empty()) request.headers.add("X-Real-Ip", real);
  return request;
}

std::string real_ip_of(std::string_view forwarded_for, std::string_view real = "") {
  return real_ip(request_with(forwarded_for, real), kPeer);
}

TEST(RealIp, IsTheFirstPublicElement) {
  EXPECT_EQ(real_ip_of(""), kPeer);
  EXPECT_EQ(real_ip_of("8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(real_ip_of("10.0.0.1, 8.8.8.8, 9.9.9.9"), "8.8.8.8");
  EXPECT_EQ(real_ip_of("unknown,,172.16.0.1,\t8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(real_ip_of("fe80::1, fc00::1, ::1, 2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(real_ip_of("8.8.8.8:1234"), "8.8.8.8");
  EXPECT_EQ(real_ip_of("[2001:db8::1]:1234"), "2001:db8::1");
  EXPECT_EQ(real_ip_of("::ffff:10.0.0.1, 8.8.8.8"), "8.8.8.8");
}

TEST(RealIp, LooksAtAllFieldsOfThatName) {
  http::Request request = request_with("10.0.0.1");
  request.headers.add("x-forwarded-for", "8.8.8.8");
  EXPECT_EQ(real_ip(request, kPeer), "8.8.8.8");
}

TEST(RealIp, IsNeverEmpty) {
  EXPECT_EQ(real_ip_of("10.0.0.1"), kPeer);
  EXPECT_EQ(real_ip_of("10.0.0.1", "10.0.0.2"), "10.0.0.2");
  EXPECT_EQ(real_ip_of("garbage", "also garbage"), kPeer);
  EXPECT_EQ(real_ip_of("", " 7.7.7.7"), "7.7.7.7");
}

TEST(RealIp, IgnoresHeadersThatAreNotTrusted) {
  EXPECT_EQ(real_ip(request_with("8.8.8.8", "7.7.7.7"), kPeer, {.trust_headers = false}), kPeer);
}

std::string forwarded_after(std::string_view before, std::string_view address) {
  http::Request request = request_with(before);
  append_forwarded_for(request, address);
  return std::string(request.headers.get("X-Forwarded-For").value_or("-"));
}

TEST(AppendForwardedFor, ComparesElements) {
  EXPECT_EQ(forwarded_after("", "10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(forwarded_after("110.0.0.1", "10.0.0.1"), "110.0.0.1, 10.0.0.1");
  EXPECT_EQ(forwarded_after("8.8.8.8, 10.0.0.1", "10.0.0.1"), "8.8.8.8, 10.0.0.1");
  EXPECT_EQ(forwarded_after("2001:DB8::0:1", "2001:db8::1"), "2001:DB8::0:1");
  EXPECT_EQ(forwarded_after("8.8.8.8", ""), "8.8.8.8");
}

TEST(AppendForwardedFor, JoinsFields) {
  http::Request request = request_with("1.1.1.1");
  request.headers.add("X-Forwarded-For", "2.2.2.2");
  append_forwarded_for(request, "3.3.3.3");
  EXPECT_EQ(request.headers.get("X-Forwarded-For"), "1.1.1.1, 2.2.2.2, 3.3.3.3");
  EXPECT_EQ(request.headers.size(), 1U);
}

}  // namespace
}  // namespace sluice::router
