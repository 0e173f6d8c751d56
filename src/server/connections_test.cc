// SPDX-License-Identifier: Apache-2.0
#include "server/connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/testing/idle_stream.h"
#include "server/limits.h"
#include "server/testing/serving.h"

namespace sluice::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Rest = Connections::Rest;

struct Connection final : Connections::Retirable {
  explicit Connection(Connections& all) : member(all, stream) {
    member.on_rest([this](Rest rest) { rests.push_back(rest); });
  }
  void retire() override { ++retired; }
  void serve() { member.set_idle(false); }
  // A request begins and ends.
  void serve_once() {
    serve();
    member.set_idle(true);
  }
  [[nodiscard]] bool closed() const { return !stream.is_open(); }

  net::testing::IdleStream stream;
  Connections::Member member;
  std::vector<Rest> rests{};
  int retired = 0;
};

class ConnectionsTest : public ::testing::Test {
 protected:
  Connection& add() { return *all_.emplace_back(std::make_unique<Connection>(connections_)); }
  Connection& add_retirable() {
    Connection& connection = add();
    connection.member.set_retirable(&connection);
    return connection;
  }
  void admit(Connection& connection, Admission shown) {
    connection.member.admit(std::make_shared<const Admission>(std::move(shown)));
  }
  // The next generation, which demands `admission`.
  std::shared_ptr<ServerPrototype> demanding(Admission admission) {
    auto next = testing::make_prototype("", first_->counters);
    next->admission = std::make_shared<const Admission>(std::move(admission));
    return next;
  }

  std::shared_ptr<ServerPrototype> first_ = testing::make_prototype("connectionMemory: 2097152");
  MemoryAccount memory_;
  Connections connections_{memory_, *first_};
  std::vector<std::unique_ptr<Connection>> all_;
};

TEST_F(ConnectionsTest, CountsMembersOfEveryList) {
  add().serve();
  add().serve_once();
  add().serve_once();
  connections_.tick();
  connections_.tick();
  EXPECT_EQ(connections_.size(), 3U);
  all_.erase(all_.begin() + 1);
  EXPECT_EQ(connections_.size(), 2U);
  all_.clear();
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(ConnectionsTest, ChargesTheStateOfAConnection) {
  Connection& connection = add();
  EXPECT_EQ(memory_.held(), kConnectionStateBytes);
  connection.member.add_state(100);
  EXPECT_EQ(memory_.held(), kConnectionStateBytes + 100);
  EXPECT_EQ(connection.member.memory()->bytes_max(), std::size_t{2} << 20);
  connections_.update(*testing::make_prototype("connectionMemory: 3145728", first_->counters));
  EXPECT_EQ(add().member.memory()->bytes_max(), std::size_t{3} << 20) << "of the next connections";
  all_.clear();
  EXPECT_EQ(memory_.held(), 0U);
}

TEST_F(ConnectionsTest, IdleOnesRestAfterTwoTicks) {
  Connection& connection = add();
  connection.serve_once();
  connections_.tick();
  EXPECT_THAT(connection.rests, IsEmpty());
  EXPECT_EQ(connections_.tick(), 1U);
  EXPECT_THAT(connection.rests, ElementsAre(Rest::everything));
  EXPECT_EQ(connections_.tick(), 0U);
  EXPECT_THAT(connection.rests, ElementsAre(Rest::everything)) << "once for one request";
}

TEST_F(ConnectionsTest, EveryRequestBeginsTheWaitAnew) {
  Connection& connection = add();
  for (int round = 0; round < 3; ++round) {
    connection.serve_once();
    EXPECT_EQ(connections_.tick(), 0U);
  }
  EXPECT_EQ(connections_.tick(), 1U);
  connection.serve();
  connections_.tick();
  connections_.tick();
  EXPECT_EQ(connection.rests.size(), 1U) << "a busy one does not rest";
}

TEST_F(ConnectionsTest, BuffersOfTheLongestIdleGoFirst) {
  add().serve_once();
  add().serve_once();
  for (std::size_t i = 0; i < Connections::kIdleLatelyMax - 1; ++i) add().serve_once();
  EXPECT_THAT(all_[0]->rests, ElementsAre(Rest::buffers));
  EXPECT_THAT(all_[1]->rests, IsEmpty());
  add().serve_once();
  EXPECT_THAT(all_[1]->rests, ElementsAre(Rest::buffers));
  connections_.tick();
  connections_.tick();
  EXPECT_THAT(all_[0]->rests, ElementsAre(Rest::buffers, Rest::everything));
  EXPECT_THAT(all_.back()->rests, ElementsAre(Rest::everything));
}

TEST_F(ConnectionsTest, ATickLetsABoundedNumberRest) {
  for (std::size_t i = 0; i < Connections::kRestsAtOnceMax + 1; ++i) add().serve_once();
  connections_.tick();
  EXPECT_EQ(connections_.tick(), Connections::kRestsAtOnceMax);
  EXPECT_EQ(connections_.tick(), 1U);
}

TEST_F(ConnectionsTest, CountsWhatClosesBetweenTwoTicks) {
  add();
  add();
  all_.clear();
  EXPECT_EQ(connections_.tick(), 2U);
  EXPECT_EQ(connections_.tick(), 0U);
}

TEST_F(ConnectionsTest, ShedsIdleOnesOnce) {
  Connection& busy = add();
  busy.serve();
  Connection& idle = add();
  Connection& tunnel = add();
  tunnel.member.set_kept();
  Connection& http2 = add_retirable();
  EXPECT_EQ(connections_.shed_idle(), 2U);
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(busy.closed() || tunnel.closed() || http2.closed());
  EXPECT_EQ(http2.retired, 1);
  EXPECT_EQ(connections_.shed_idle(), 0U) << "they are on their way out";
}

TEST_F(ConnectionsTest, CountsAnIdleOneBeforeItCloses) {
  Connection& idle = add();
  int counted = 0;
  connections_.shed_idle([&] {
    EXPECT_FALSE(idle.closed());
    ++counted;
  });
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(counted, 1);
}

TEST_F(ConnectionsTest, ShedsABoundedNumber) {
  for (std::size_t i = 0; i < Connections::kIdleClosedAtOnceMax + 1; ++i) add();
  EXPECT_EQ(connections_.shed_idle(), Connections::kIdleClosedAtOnceMax);
  EXPECT_EQ(connections_.shed_idle(), 1U);
}

TEST_F(ConnectionsTest, ADrainClosesTheIdleAndRetiresTheRest) {
  Connection& busy = add();
  busy.serve();
  Connection& idle = add();
  Connection& tunnel = add();
  tunnel.member.set_kept();
  Connection& http2 = add_retirable();
  connections_.retire();
  connections_.close_idle();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(tunnel.closed());
  EXPECT_FALSE(busy.closed());
  EXPECT_FALSE(http2.closed()) << "it ends by itself";
  EXPECT_EQ(http2.retired, 1);
  connections_.close_all();
  EXPECT_TRUE(busy.closed());
  EXPECT_TRUE(http2.closed());
}

TEST_F(ConnectionsTest, AnUpdateEndsThoseThatHaveShownTooLittle) {
  Connection& idle = add();
  Connection& busy = add();
  Connection& http2 = add_retirable();
  Connection& secure = add();
  Connection& young = add();
  for (Connection* connection : {&idle, &busy, &http2}) admit(*connection, {});
  admit(secure, {.secure = true});
  busy.serve();
  connections_.update(*demanding({.secure = true}));
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(busy.closed()) << "its request is served";
  EXPECT_TRUE(busy.member.superseded());
  EXPECT_FALSE(http2.closed());
  EXPECT_EQ(http2.retired, 1);
  EXPECT_FALSE(secure.closed() || secure.member.superseded());
  EXPECT_FALSE(young.closed()) << "nothing was required of it yet";
}

TEST_F(ConnectionsTest, TheNewestGenerationJudgesWhatIsShown) {
  connections_.update(*demanding({.secure = true}));
  Connection& plain = add();
  admit(plain, {});
  EXPECT_TRUE(plain.member.superseded());
  Connection& secure = add();
  admit(secure, {.secure = true});
  EXPECT_FALSE(secure.member.superseded());
}

TEST_F(ConnectionsTest, AnUpdateCutsTunnelsThatItWouldNotAdmit) {
  Connection& stays = add();
  Connection& goes = add();
  const ServerPrototype* asked = nullptr;
  stays.member.on_update([&asked](const ServerPrototype& next) {
    asked = &next;
    return true;
  });
  goes.member.on_update([](const ServerPrototype&) { return false; });
  goes.serve();
  const auto next = demanding({});
  connections_.update(*next);
  EXPECT_EQ(asked, next.get());
  EXPECT_FALSE(stays.closed());
  EXPECT_TRUE(goes.closed()) << "at once, busy or not";
}

TEST_F(ConnectionsTest, ClosesTheStreamThatReplacedTheFirst) {
  Connection& connection = add();
  net::testing::IdleStream tls;
  connection.member.set_stream(tls);
  connections_.close_all();
  EXPECT_FALSE(tls.is_open());
  EXPECT_TRUE(connection.stream.is_open());
}

}  // namespace
}  // namespace sluice::server
