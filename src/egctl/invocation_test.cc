// SPDX-License-Identifier: Apache-2.0
#include "egctl/invocation.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sluice::egctl {
namespace {

TEST(PrintError, OneIndentedLinePerFault) {
  std::ostringstream err;
  print_error(err, {ErrorKind::invalid, "create failed", {"filters[0].timeout: is wrong"}}, false);
  EXPECT_EQ(err.str(), "Error: create failed\n  filters[0].timeout: is wrong\n");
}

TEST(PrintError, ALineThatTheMessageEndsWithIsNotRepeated) {
  std::ostringstream err;
  print_error(err, {ErrorKind::unavailable, "apply failed, 503: no etcd", {"no etcd", "b"}}, false);
  EXPECT_EQ(err.str(), "Error: apply failed, 503: no etcd\n  b\n");
}

TEST(Failed, SaysWhat) {
  EXPECT_EQ(failed("create Pipeline demo", {ErrorKind::conflict, "409: conflict name: demo", {}})
                .error()
                .message,
            "create Pipeline demo failed, 409: conflict name: demo");
}

TEST(Refused, CountsTheFaults) {
  const auto error =
      refused("create Pipeline demo", {ErrorKind::invalid, "400: a: b (1 more)", {"a: b", "c: d"}});
  EXPECT_EQ(error.error().message,
            "create Pipeline demo failed, 400: 2 errors, nothing was changed");
  EXPECT_EQ(error.error().details.size(), 2U);
}

}  // namespace
}  // namespace sluice::egctl
