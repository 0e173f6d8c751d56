// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_status.h"

#include <gtest/gtest.h>

namespace sluice::etcd {
namespace {

using namespace std::chrono_literals;

http::Headers fields(std::string_view status, std::string_view message) {
  http::Headers headers;
  if (!status.empty()) headers.add("grpc-status", status);
  headers.add("grpc-message", message);
  return headers;
}

TEST(GrpcStatus, IsReadWithItsMessage) {
  const auto end = end_in(fields("3", "a%20b%e2%82%AC%"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->status, Status::invalid_argument);
  EXPECT_EQ(end->message, "a b\u20ac%");
  EXPECT_TRUE(end->by_server);
  EXPECT_FALSE(end_in(fields("", "no status")));
}

TEST(GrpcStatus, OthersThanTheKnownAreUnknown) {
  for (const char* odd : {"17", "-1", "x", "3x", "99999999999999999999"}) {
    const auto end = end_in(fields(odd, ""));
    ASSERT_TRUE(end) << odd;
    EXPECT_EQ(end->status, Status::unknown) << odd;
  }
}

TEST(GrpcStatus, TimeoutsHaveAtMostEightDigits) {
  EXPECT_EQ(timeout_value(1ms), "1m");
  EXPECT_EQ(timeout_value(1ns), "1m");
  EXPECT_EQ(timeout_value(-1s), "1m");
  EXPECT_EQ(timeout_value(1500us), "2m");
  EXPECT_EQ(timeout_value(10s), "10000m");
  EXPECT_EQ(timeout_value(99'999'999ms), "99999999m");
  EXPECT_EQ(timeout_value(100'000'000ms), "100000S");
  EXPECT_EQ(timeout_value(Duration::max()), "2562048H");
}

TEST(GrpcStatus, NoLeaderWithinAStreamProvesNothing) {
  const CallEnd end{Status::unavailable, "etcdserver: no leader", true};
  EXPECT_TRUE(proves_no_effect(end, false));
  EXPECT_FALSE(proves_no_effect(end, true));
}

TEST(GrpcStatus, OnlyTheServersWordIsProof) {
  for (int i = 0; i <= 16; ++i)
    EXPECT_FALSE(proves_no_effect({static_cast<Status>(i), ""}, false)) << i;
  EXPECT_TRUE(proves_no_effect({Status::invalid_argument, "", true}, false));
}

TEST(GrpcStatus, ErrorsNameTheEndpointAndRepeatWithBounds) {
  const CallEnd end{Status::permission_denied, "etcdserver: permission\ndenied", true};
  EXPECT_EQ(error_of(end, "http://a:1").message,
            "etcd at http://a:1: permission\\ndenied: grant etcd's user a role that may read "
            "and write the prefix");
  EXPECT_EQ(error_of(end, "").kind, ErrorKind::forbidden);
  const CallEnd endless{Status::internal, std::string(100'000, 'x'), true};
  EXPECT_LT(error_of(endless, "").message.size(), 1000U);
  EXPECT_EQ(error_of({Status::data_loss, ""}, "e").message, "etcd at e: data loss");
  EXPECT_EQ(error_of(end, "e", ": do this").message, "etcd at e: permission\\ndenied: do this");
}

}  // namespace
}  // namespace sluice::etcd
