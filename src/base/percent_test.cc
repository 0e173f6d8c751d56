// SPDX-License-Identifier: Apache-2.0
#include "base/percent.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Percent, LeavesOnlyTheUnreservedOnes) {
  std::string out = "x=";
  append_unreserved(out, "aZ09-._~ +/%&=\n\xc3\xa4");
  EXPECT_EQ(out, "x=aZ09-._~%20%2B%2F%25%26%3D%0A%C3%A4");
}

}  // namespace
}  // namespace sluice
