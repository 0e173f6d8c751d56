// SPDX-License-Identifier: Apache-2.0
// Covers: known_addresses.cc
#include "backend/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::backend {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr auto kNobody = "nobody.invalid";  // RFC 6761 section 6.4

class AddressesTest : public testing::Test {
 protected:
  std::shared_ptr<Addresses> core(std::string host, std::size_t turn = 0) {
    return std::make_shared<Addresses>(loop_, std::move(host), 80, hours(1), known_, turn);
  }
  std::vector<std::string> find(Addresses& addresses) {
    const auto found =
        loop::run_to_completion(loop_, addresses.find(loop::EventLoop::now() + seconds(60)));
    std::vector<std::string> list;
    if (!found) return {"error"};
    for (const net::Endpoint& endpoint : *found) list.push_back(endpoint.address);
    return list;
  }
  void tell(std::vector<net::Endpoint> list) {
    known_->tell(std::move(list), loop::EventLoop::now() + hours(1));
  }

  loop::EventLoop loop_;
  std::shared_ptr<KnownAddresses> known_ = std::make_shared<KnownAddresses>();
};

TEST_F(AddressesTest, OneCoreTakesOverWhatAnotherHasFound) {
  const auto first = core("localhost");
  EXPECT_THAT(find(*first), testing::Contains("127.0.0.1"));
  EXPECT_EQ(known_->version(), 1U);
  const auto second = core(kNobody);  // its own look-up would fail
  EXPECT_THAT(find(*second), testing::Contains("127.0.0.1"));
  EXPECT_EQ(known_->version(), 1U);
  tell({{"127.0.0.9", 80}});
  EXPECT_THAT(find(*first), ElementsAre("127.0.0.9"));
  EXPECT_THAT(find(*second), ElementsAre("127.0.0.9"));
  EXPECT_FALSE(second->includes({"127.0.0.1", 80}));
}

TEST_F(AddressesTest, LooksUpAgainAsOftenAsAsked) {
  const auto first = core("localhost");
  EXPECT_THAT(find(*first), testing::Contains("127.0.0.1"));
  for (std::uint64_t round = 2; round < 4; ++round) {
    first->refresh(loop::EventLoop::now() + hours(2 * round));
    const TimePoint end = Clock::now() + seconds(60);
    while (known_->version() < round && Clock::now() < end) loop::testing::settle(loop_);
    EXPECT_EQ(known_->version(), round);
  }
}

TEST_F(AddressesTest, CoresBeginWithDifferentAddresses) {
  tell({{"127.0.0.1", 80}, {"127.0.0.2", 80}});
  const auto first = core(kNobody, 0);
  const auto second = core(kNobody, 1);
  EXPECT_THAT(find(*first), ElementsAre("127.0.0.1", "127.0.0.2"));
  EXPECT_THAT(find(*second), ElementsAre("127.0.0.2", "127.0.0.1"));
  EXPECT_THAT(find(*second), ElementsAre("127.0.0.1", "127.0.0.2"));
  second->note_failure({"127.0.0.2", 80});
  EXPECT_THAT(find(*second), ElementsAre("127.0.0.1", "127.0.0.2"));
  EXPECT_THAT(find(*second), ElementsAre("127.0.0.1", "127.0.0.2"));
}

TEST_F(AddressesTest, AFailureIsKnownToTheCoreThatAsked) {
  EXPECT_THAT(find(*core(kNobody)), ElementsAre("error"));
  EXPECT_EQ(known_->version(), 0U);
}

TEST_F(AddressesTest, OnlySoManyLookUpsRunAtATime) {
  const auto share = std::make_shared<LookUpShare>(1);
  const auto make = [&](const char* host) {
    return std::make_shared<Addresses>(loop_, host, 80, hours(1),
                                       std::make_shared<KnownAddresses>(), 0, share);
  };
  const auto first = make("localhost");
  const auto second = make("localhost");
  first->refresh(loop::EventLoop::now());
  EXPECT_EQ(share->running, 1U);
  EXPECT_THAT(find(*second), ElementsAre("error"));
  EXPECT_THAT(find(*first), testing::Contains("127.0.0.1"));
  EXPECT_EQ(share->running, 0U);
  EXPECT_THAT(find(*second), testing::Contains("127.0.0.1"));
}

TEST(KnownAddresses, AFailureBringsTheNextLookUpNear) {
  KnownAddresses known;
  known.hasten();  // nothing is known: due anyway
  const TimePoint before = Clock::now();
  known.tell({{"127.0.0.1", 80}}, before + seconds(60));
  const TimePoint told = Clock::now();
  known.hasten();
  EXPECT_FALSE(known.claim(before + KnownAddresses::kHastenedAfter - std::chrono::nanoseconds(1),
                           seconds(30)));
  EXPECT_TRUE(known.claim(told + KnownAddresses::kHastenedAfter, seconds(30)));
  known.hasten();  // the look-up goes on
  EXPECT_FALSE(known.claim(told + seconds(30), seconds(30)));
}

TEST(KnownAddresses, OneCoreAtATimeLooksUp) {
  KnownAddresses known;
  const TimePoint now = Clock::now();
  EXPECT_TRUE(known.claim(now, seconds(30)));
  EXPECT_FALSE(known.claim(now + seconds(29), seconds(30)));
  EXPECT_TRUE(known.claim(now + seconds(31), seconds(30))) << "the first one has not come back";
  known.tell({{"127.0.0.1", 80}}, now + seconds(60));
  EXPECT_FALSE(known.claim(now + seconds(59), seconds(30)));
  EXPECT_TRUE(known.claim(now + seconds(60), seconds(30)));
  known.postpone(now + seconds(90));
  EXPECT_FALSE(known.claim(now + seconds(89), seconds(30)));
  EXPECT_EQ(known.list()->size(), 1U);
}

}  // namespace
}  // namespace sluice::backend
