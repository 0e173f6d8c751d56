// SPDX-License-Identifier: Apache-2.0
// Runs that meet the limit of their shared data, here and on another member.
#include <gtest/gtest.h>

#include "filters/wasm_host/testing/test_member.h"

namespace sluice::filters {
namespace {

using testing::guest;
using testing::Host;
using testing::text_at;

// Lets its user in without a look.
std::string letting_in(const std::string& user) {
  return guest(
      "(call $host_cluster_put_string (i32.const 100) (i32.const 100))"
      "(call $host_add_tag (i32.const 100)) (call $host_resp_set_body (i32.const 100))"
      "(i32.const 0)",
      text_at(100, "id/" + user));
}

void expect_limit_reached(const http::Response& response) {
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body.bytes(), "The limit is reached.\n");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(response.headers.get("Retry-After"), std::nullopt);
}

TEST(WasmHostLimit, ARunBeyondTheLimitLeavesNothing) {
  Host host;
  const auto use = [&](const std::string& user) {
    host.use(letting_in(user), "limit: {prefix: id/, max: 1}");
    host.prototype->hold_limit(0);
  };
  use("a");
  EXPECT_EQ(host.run(), "");
  use("b");
  EXPECT_EQ(host.run(), "limitReached");
  expect_limit_reached(host.response());
  EXPECT_EQ(host.stored("id/b"), "(absent)");
  EXPECT_EQ(host.status("numOfLimitReached"), 1);
  EXPECT_EQ(host.status("numOfWasmError"), 0);
  EXPECT_EQ(host.status("transactionsWritten"), 0);
  EXPECT_EQ(host.last->tags(), std::vector<std::string>{"wasm: the limit is reached"});
  use("a");
  EXPECT_EQ(host.run(), "") << "who is in stays in";
  const Json limit = host.status("limit");
  EXPECT_EQ(limit["prefix"], "id/");
  EXPECT_EQ(limit["max"], 1);
  EXPECT_EQ(limit["used"], 1);
  EXPECT_EQ(limit["sealed"], false);
  host.use(letting_in("b"));
  host.prototype->hold_limit(0);
  EXPECT_EQ(host.run(), "") << "the spec has no limit any more";
  EXPECT_TRUE(host.status("limit").is_null());
}

TEST(WasmHostLimit, AFaultNamesTheField) {
  Host host;
  const auto fault = [&](const std::string& limit) {
    EXPECT_FALSE(host.build(letting_in("a"), "limit: " + limit));
    return host.faults.lines().front();
  };
  EXPECT_TRUE(fault("{prefix: id/, max: -1}").starts_with("filters[0].limit.max"));
  EXPECT_TRUE(fault("{prefix: '', max: 1}").starts_with("filters[0].limit.prefix"));
  EXPECT_TRUE(fault("{prefix: id/}").starts_with("filters[0].limit.max"));
  EXPECT_TRUE(fault("{max: 1}").starts_with("filters[0].limit.prefix"));
  const std::string long_prefix(1025, 'x');
  EXPECT_TRUE(
      fault("{prefix: " + long_prefix + ", max: 1}").starts_with("filters[0].limit.prefix"));
}

class LimitOfTwoMembers : public testing::TwoMembers {};

TEST_F(LimitOfTwoMembers, TheOwnerSaysThatTheLimitIsReached) {
  start(letting_in("a"));
  ASSERT_TRUE(cluster.data().hold_limit("shop/wasm", {.prefix = "id/", .max = 0, .revision = 1}));
  EXPECT_EQ(run(), "limitReached");
  expect_limit_reached(response());
  EXPECT_EQ(stored("id/a"), "(absent)");
  EXPECT_EQ(a_->status("numOfLimitReached"), 1);
  EXPECT_EQ(a_->status("handedOver"), 1);
  EXPECT_EQ(a_->status("numOfWasmError"), 0);
}

// "The limit is reached" is a read at the owner. A newer owner may have raised the limit meanwhile.
TEST_F(LimitOfTwoMembers, AReachedLimitIsConfirmed) {
  start(letting_in("a"));
  cluster.own("a", "a");
  ASSERT_TRUE(cluster.data().hold_limit("shop/wasm", {.prefix = "id/", .max = 0, .revision = 1}));
  cluster.set_confirm([](int) { return fail(ErrorKind::unavailable, "etcd does not answer"); });
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(response().headers.get("Retry-After"), "1");
  EXPECT_EQ(a_->status("numOfLimitReached"), 0);
}

}  // namespace
}  // namespace sluice::filters
