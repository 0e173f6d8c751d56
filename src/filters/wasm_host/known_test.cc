// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/known.h"

#include "filters/wasm_host/testing/test_host.h"

namespace sluice::filters {
namespace {

using testing::guest;
using testing::Host;

http::Request request_with(std::string_view name, std::string_view value) {
  http::Request request;
  request.headers.add(name, value);
  return request;
}

TEST(Known, TheKeyIsThePrefixAndTheUser) {
  const KnownSpec by_header{.prefix = "id/", .header = "Authorization", .cookie = {}, .query = {}};
  EXPECT_EQ(by_header.key_of(request_with("authorization", "u1")), "id/u1");
  EXPECT_EQ(by_header.key_of(request_with("Authorization", "")), "");
  EXPECT_EQ(by_header.key_of(request_with("X-Other", "u1")), "");

  const KnownSpec by_cookie{.prefix = "id/", .header = {}, .cookie = "user", .query = {}};
  http::Request request = request_with("Cookie", "a=1");
  request.headers.add("cookie", "b=2; user=u2");
  EXPECT_EQ(by_cookie.key_of(request), "id/u2");

  const KnownSpec by_query{.prefix = "id/", .header = {}, .cookie = {}, .query = "user"};
  request.query = "a=1&user=u%203";
  EXPECT_EQ(by_query.key_of(request), "id/u 3");
}

TEST(Known, OneSourceIsNeeded) {
  Host host;
  const std::string code = guest("(i32.const 0)");
  EXPECT_TRUE(host.build(code, "known: {prefix: id/, header: Authorization}"));
  EXPECT_FALSE(host.build(code, "known: {prefix: id/}"));
  EXPECT_EQ(host.faults.lines().front(),
            "filters[0].known: needs one of header, cookie and query, not 0");
  EXPECT_FALSE(host.build(code, "known: {prefix: id/, header: a, cookie: b}"));
  EXPECT_FALSE(host.build(code, "known: {prefix: id/, header: 'a b'}"));
  EXPECT_EQ(host.faults.lines().front(),
            "filters[0].known.header: \"a b\" is not the name of a header");
  EXPECT_FALSE(host.build(code, "known: {header: a}"));
}

TEST(Known, WhoeverIsInTheSharedDataIsKnown) {
  Host host;
  const std::string code = guest("(i32.const 0)");
  host.use(code);
  EXPECT_FALSE(host.filter->knows(request_with("Authorization", "u1"))) << "without the field";
  host.use(code, "known: {prefix: id/, header: Authorization}");
  EXPECT_FALSE(host.filter->knows(request_with("Authorization", "u1")));
  ASSERT_TRUE(host.store->apply("shop/wasm", {{"id/u1", "true"}}));
  EXPECT_TRUE(host.filter->knows(request_with("Authorization", "u1")));
  EXPECT_FALSE(host.filter->knows(request_with("Authorization", "u2")));
  ASSERT_TRUE(host.store->erase_all("shop/wasm", "id/u1"));
  EXPECT_FALSE(host.filter->knows(request_with("Authorization", "u1")));
}

}  // namespace
}  // namespace sluice::filters
