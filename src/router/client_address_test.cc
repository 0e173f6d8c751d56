// SPDX-License-Identifier: Apache-2.0
#include "router/client_address.h"

#include <gtest/gtest.h>

namespace sluice::router {
namespace {

constexpr std::string_view kProxy = "10.0.0.1";
constexpr std::string_view kStranger = "192.0.2.9";
const TrustedProxies kTrusted({"10.0.0.0/8", "fd00::/8"});

http::Request request_with(std::string_view forwarded_for, std::string_view real = "") {
  http::Request request;
  request.scheme = "http";
  if (!forwarded_for.empty()) request.headers.add("X-Forwarded-For", forwarded_for);
  if (!real.empty()) request.headers.add("X-Real-Ip", real);
  return request;
}

std::string client_behind_proxy(std::string_view forwarded_for, std::string_view real = "") {
  http::Request request = request_with(forwarded_for, real);
  return kTrusted.identify(request, kProxy).ip;
}

TEST(TrustedProxies, TheClientIsTheLastAddressThatIsNoProxy) {
  EXPECT_EQ(client_behind_proxy("8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(client_behind_proxy("6.6.6.6, 8.8.8.8"), "8.8.8.8") << "the client wrote 6.6.6.6";
  EXPECT_EQ(client_behind_proxy("6.6.6.6, 8.8.8.8, 10.9.9.9"), "8.8.8.8");
  EXPECT_EQ(client_behind_proxy("8.8.8.8, fd00::1,\t10.1.1.1"), "8.8.8.8");
  EXPECT_EQ(client_behind_proxy("192.168.1.1, 10.9.9.9"), "192.168.1.1") << "private, not trusted";
  EXPECT_EQ(client_behind_proxy("::ffff:8.8.8.8"), "::ffff:8.8.8.8");
  EXPECT_EQ(client_behind_proxy("6.6.6.6, ::ffff:10.0.0.7"), "6.6.6.6");
  EXPECT_EQ(client_behind_proxy("8.8.8.8:1234"), "8.8.8.8");
  EXPECT_EQ(client_behind_proxy("[2001:db8::1]:1234"), "2001:db8::1");
}

TEST(TrustedProxies, NobodyVouchesForWhatStandsBeforeNonsense) {
  EXPECT_EQ(client_behind_proxy("6.6.6.6, unknown"), kProxy);
  EXPECT_EQ(client_behind_proxy("6.6.6.6, unknown, 10.9.9.9"), "10.9.9.9");
  EXPECT_EQ(client_behind_proxy("6.6.6.6,,10.9.9.9"), "10.9.9.9");
}

TEST(TrustedProxies, IsNeverEmpty) {
  EXPECT_EQ(client_behind_proxy(""), kProxy);
  EXPECT_EQ(client_behind_proxy("10.0.0.2"), "10.0.0.2") << "all are proxies: the first of them";
  EXPECT_EQ(client_behind_proxy("garbage", "7.7.7.7"), kProxy);
  EXPECT_EQ(client_behind_proxy("", " 7.7.7.7"), "7.7.7.7");
  EXPECT_EQ(client_behind_proxy("", "garbage"), kProxy);
}

TEST(TrustedProxies, XRealIpDoesNotCountIfItIsSwitchedOff) {
  const TrustedProxies no_real_ip({"10.0.0.0/8"}, false);
  http::Request request = request_with("", "7.7.7.7");
  EXPECT_EQ(no_real_ip.identify(request, kProxy).ip, kProxy);
  request = request_with("8.8.8.8", "7.7.7.7");
  EXPECT_EQ(no_real_ip.identify(request, kProxy).ip, "8.8.8.8");
}

TEST(TrustedProxies, LooksAtAllFieldsOfThatName) {
  http::Request request = request_with("8.8.8.8");
  request.headers.add("x-forwarded-for", "10.0.0.3");
  EXPECT_EQ(kTrusted.identify(request, kProxy).ip, "8.8.8.8");
  request = request_with("", "6.6.6.6");  // the client's; the proxy has added its own
  request.headers.add("X-Real-IP", "7.7.7.7");
  EXPECT_EQ(kTrusted.identify(request, kProxy).ip, "7.7.7.7");
}

TEST(TrustedProxies, AStrangersWordIsDropped) {
  http::Request request = request_with("8.8.8.8", "7.7.7.7");
  for (const char* name : {"x-forwarded-PROTO", "X-Forwarded-Host", "X-Forwarded-Port", "forwarded",
                           "X-Forwarded-Prefix", "X-Forwarded-Client-Cert", "X-Forwarded-Anything"})
    request.headers.add(name, "https");
  request.headers.add("X-Color", "red");
  const auto client = kTrusted.identify(request, kStranger);
  EXPECT_EQ(client.ip, kStranger);
  EXPECT_TRUE(client.disowned);
  EXPECT_EQ(request.scheme, "http");
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers.begin()->name, "X-Color");
}

TEST(TrustedProxies, ByDefaultAllAreStrangers) {
  http::Request request = request_with("8.8.8.8");
  EXPECT_EQ(TrustedProxies().identify(request, "127.0.0.1").ip, "127.0.0.1");
  EXPECT_TRUE(request.headers.empty());
  EXPECT_FALSE(TrustedProxies().identify(request, "127.0.0.1").disowned) << "nothing was sent";
}

std::string scheme_after(std::string_view proto, std::string_view peer) {
  http::Request request = request_with("");
  request.headers.add("X-Forwarded-Proto", proto);
  static_cast<void>(kTrusted.identify(request, peer));
  return request.scheme;
}

TEST(TrustedProxies, TheNearestOneNamesTheScheme) {
  EXPECT_EQ(scheme_after("https", kProxy), "https");
  EXPECT_EQ(scheme_after("HTTPS", kProxy), "https");
  EXPECT_EQ(scheme_after("https, http", kProxy), "http");
  EXPECT_EQ(scheme_after("gopher", kProxy), "http");
  EXPECT_EQ(scheme_after("https", kStranger), "http");
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
