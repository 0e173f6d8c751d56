// SPDX-License-Identifier: Apache-2.0
#include "net/descriptor_channel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace sluice::net {
namespace {

TimePoint soon() { return Clock::now() + std::chrono::seconds(30); }

class DescriptorChannelTest : public ::testing::Test {
 protected:
  DescriptorChannelTest() {
    auto ends = DescriptorChannel::make_pair();
    EXPECT_TRUE(ends);
    here_.emplace(std::move(ends->first));
    there_.emplace(std::move(ends->second));
  }
  std::optional<DescriptorChannel> here_;
  std::optional<DescriptorChannel> there_;
};

TEST_F(DescriptorChannelTest, MessagesKeepTheirBoundsAndDescriptors) {
  auto pair = make_stream_pair();
  ASSERT_TRUE(pair);
  const std::array<int, 1> one{pair->second.get()};
  ASSERT_TRUE(here_->send("first", one, soon()));
  ASSERT_TRUE(here_->send("second", {}, soon()));
  auto first = there_->receive(soon());
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->text, "first");
  ASSERT_EQ((*first)->descriptors.size(), 1U);
  EXPECT_EQ(::write((*first)->descriptors[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(pair->first.get(), &byte, 1), 1);
  EXPECT_EQ((*there_->receive(soon()))->text, "second");
}

TEST_F(DescriptorChannelTest, TheOtherEndGoesAway) {
  ASSERT_TRUE(here_->send("last", {}, soon()));
  here_.reset();
  EXPECT_EQ((*there_->receive(soon()))->text, "last");
  const auto end = there_->receive(soon());
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
  const auto sent = there_->send("x", {}, soon());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::closed);
}

TEST_F(DescriptorChannelTest, AMessageMayHaveTheFullSize) {
  const std::string text(DescriptorChannel::kTextBytesMax, 'x');
  ASSERT_TRUE(here_->send(text, {}, soon()));
  EXPECT_EQ((*there_->receive(soon()))->text, text);
  EXPECT_EQ(here_->send(text + "x", {}, soon()).error().kind, ErrorKind::too_large);
}

TEST_F(DescriptorChannelTest, WaitsNoLongerThanItIsTold) {
  EXPECT_EQ(there_->receive(Clock::now()).error().kind, ErrorKind::timed_out);
  Result<void> sent;
  while ((sent = here_->send(std::string(4000, 'x'), {}, Clock::now()))) {
  }
  EXPECT_EQ(sent.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(here_->send(std::string(5000, 'x'), {}, soon()).error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace sluice::net
