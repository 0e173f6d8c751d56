// SPDX-License-Identifier: Apache-2.0
#include "server/overload_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

class OverloadNotesTest : public ::testing::Test {
 protected:
  OverloadNotesTest() {
    spec_.name = "shop";
    spec_.overload.target = std::chrono::milliseconds(200);
  }
  std::optional<std::string> at(int second, std::uint64_t shed) {
    return notes_.tick(start_ + std::chrono::seconds(second),
                       {.overloaded = true, .delay_us = 240'000, .shed = shed, .known = 0}, spec_);
  }

  const TimePoint start_ = Clock::now();
  HttpServerSpec spec_;
  OverloadNotes notes_{7};
};

TEST_F(OverloadNotesTest, OneLineAtTheBeginAndOneAtTheEnd) {
  EXPECT_EQ(at(0, 7), std::nullopt);
  EXPECT_THAT(at(1, 10),
              Optional(HasSubstr("HTTPServer shop is overloaded: a request waited 240 ms")));
  EXPECT_EQ(at(2, 20), std::nullopt);
  EXPECT_EQ(at(3, 20), std::nullopt);
  EXPECT_EQ(at(9, 21), std::nullopt) << "a pause";
  EXPECT_EQ(at(18, 21), std::nullopt);
  EXPECT_THAT(at(19, 21), Optional(HasSubstr("no longer overloaded: 14 requests got 503 in 9 s")));
  EXPECT_EQ(at(20, 21), std::nullopt);
  EXPECT_THAT(at(21, 22), Optional(HasSubstr("is overloaded")));
}

}  // namespace
}  // namespace sluice::server
