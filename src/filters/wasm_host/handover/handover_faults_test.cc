// SPDX-License-Identifier: Apache-2.0
// Exchanges that are handed over while messages are lost, come late, and owners change.
#include <gtest/gtest.h>

#include "filters/wasm_host/testing/test_member.h"
#include "loop/testing/settle.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using testing::FakeRoads;
using testing::guest;
using testing::text_at;
using Fate = store::View::ExchangeFate;
using Outcome = Courier::Outcome;

class HandoverFaults : public testing::TwoMembers {};

TEST_F(HandoverFaults, ALostAnswerIsAskedForAgain) {
  start(counting());
  roads.fault(lose_answer);
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(roads.messages(), 2);
  EXPECT_EQ(stored("n"), "1") << "the same id runs once";
}

TEST_F(HandoverFaults, ALostMessageIsSentAgain) {
  start(counting());
  roads.fault(lose_message);
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
}

TEST_F(HandoverFaults, AnAnswerOfNonsenseIsNoAnswer) {
  start(counting());
  roads.fault([](FakeRoads&, std::string, TimePoint) -> Task<Outcome> {
    co_return Outcome{std::string("HTTP")};
  });
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
}

// The owner is gone, and the exchange had not reached it: the next owner runs it.
TEST_F(HandoverFaults, AfterAChangeOfOwnerItRunsUnderTheNextFence) {
  start(counting());
  roads.fault([this](FakeRoads&, std::string, TimePoint) -> Task<Outcome> {
    cluster.own("b", "b");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(roads.messages(), 2);
  EXPECT_EQ(stored("n"), "1");
}

TEST_F(HandoverFaults, WhoBecomesTheOwnerRunsItItself) {
  start(counting());
  roads.fault([this](FakeRoads&, std::string, TimePoint) -> Task<Outcome> {
    cluster.own("a", "a");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(roads.messages(), 1);
  EXPECT_EQ(stored("n"), "1");
}

// The copy of an exchange that was tried under the next fence must not have an effect.
TEST_F(HandoverFaults, ACopyThatComesLateIsRefused) {
  start(counting());
  std::string late;
  roads.fault([&](FakeRoads&, std::string message, TimePoint) -> Task<Outcome> {
    late = message;
    cluster.own("b", "b");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmResult3");
  const auto answer = loop::run_to_completion(loop, roads.deliver("b", late, Clock::now() + 60s));
  ASSERT_TRUE(answer.answer);
  EXPECT_EQ(HandedAnswer::decode(*answer.answer)->refusal, HandedAnswer::Refusal::wrong_fence);
  EXPECT_EQ(stored("n"), "1");
}

// A client that has left with its answer, or without: a copy still under way is for nobody.
TEST_F(HandoverFaults, ACopyOfAnExchangeThatIsOverIsRefused) {
  start(counting());
  std::string late;
  roads.fault([&](FakeRoads&, std::string message, TimePoint) -> Task<Outcome> {
    late = message;
    co_return Outcome{fail(ErrorKind::timed_out, "lost on the way")};
  });
  {
    auto first = exchange();
    Task<std::string_view> left = a_->handle(*first);
    left.start();
    while (late.empty()) loop::testing::run_for(loop, 1ms);
  }
  EXPECT_EQ(run(), "wasmResult3");
  const auto answer = loop::run_to_completion(loop, roads.deliver("b", late, Clock::now() + 60s));
  ASSERT_TRUE(answer.answer);
  EXPECT_EQ(HandedAnswer::decode(*answer.answer)->refusal, HandedAnswer::Refusal::forgotten);
  EXPECT_EQ(stored("n"), "1");
}

// Lets in who is not in yet, and says yes (wasmResult1) to who is.
std::string admitting() {
  return guest(
      "(if (i64.eqz (call $host_cluster_get_integer (i32.const 100)))"
      " (then (call $host_cluster_put_integer (i32.const 100) (i64.const 1))))"
      "(i32.const 1)",
      text_at(100, "in"));
}

// It had its effect, and its answer is lost with the owner: the guest finds it on the replica.
TEST_F(HandoverFaults, WhatWasWrittenIsAnsweredFromTheReplica) {
  start(admitting());
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("c", "nowhere");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmResult1");
  EXPECT_EQ(roads.messages(), 1) << "it is not run again";
  EXPECT_EQ(stored("in"), "1");
}

TEST_F(HandoverFaults, AnEffectIsNotRepeated) {
  start(counting());
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("a", "a");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmError") << "the guest would write again, so its result is unknown";
  EXPECT_EQ(response().headers.get("Retry-After"), "1");
  EXPECT_NE(tag().find("has had its effect"), std::string::npos) << tag();
  EXPECT_EQ(stored("n"), "1");
}

// The owner has dropped the answer, so it cannot say that the exchange was not run.
TEST_F(HandoverFaults, AForgottenExchangeMayHaveHadItsEffect) {
  start(counting());
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("a", "a");
    const HandedAnswer answer = HandedAnswer::refused_for(HandedAnswer::Refusal::forgotten);
    co_return Outcome{answer.encode()};
  });
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(stored("n"), "1");
}

// A machine between the members sends the message twice. One copy is refused, because the owner is
// not ready or its ownership is over, and the other one runs.
TEST_F(HandoverFaults, ARefusalOfOneCopySaysNothingOfTheOther) {
  start(counting());
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("a", "a");
    const HandedAnswer other = HandedAnswer::refused_for(HandedAnswer::Refusal::wrong_fence);
    co_return Outcome{other.encode()};
  });
  EXPECT_EQ(run(), "wasmError");
  EXPECT_NE(tag().find("has had its effect"), std::string::npos) << tag();
  EXPECT_EQ(stored("n"), "1");
}

TEST_F(HandoverFaults, AnUnknownFateIsNotAnswered) {
  start(admitting());
  cluster.set_fate(Fate::unknown);
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("b", "b");
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmError") << "the replica may lack what was written";
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(response().headers.get("Retry-After"), "1");
  EXPECT_EQ(roads.messages(), 1);
}

// The owner gives up in order: its answer is under way when the ownership ends.
TEST_F(HandoverFaults, TheAnswerOfAnOwnerThatLeavesCounts) {
  start(counting());
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    Outcome outcome = co_await there.deliver("b", std::move(message), deadline);
    cluster.own("c", "nowhere");
    co_await loop.sleep_for(20ms);
    co_return outcome;
  });
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(roads.messages(), 1);
}

// The chain proves that it was not run, so it is tried again: the old owner's word is too late.
TEST_F(HandoverFaults, AnAnswerUnderAnOldFenceIsIgnored) {
  start(counting());
  bool recalled = false;
  roads.fault([&](FakeRoads&, std::string, TimePoint) -> Task<Outcome> {
    struct Recalled {
      bool& flag;
      ~Recalled() { flag = true; }
    };
    const Recalled guard{recalled};
    cluster.own("b", "b");
    co_await loop.sleep_for(60s);
    HandedAnswer no;
    no.kind = HandedAnswer::Kind::done;
    co_return Outcome{no.encode()};
  });
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_TRUE(recalled);
  EXPECT_EQ(stored("n"), "1");
}

// An exchange that may have had its effect is not answered from here before that is known.
TEST_F(HandoverFaults, NothingIsAnsweredBeforeTheFateIsKnown) {
  start(counting(), "timeout: 60s", 50ms);
  cluster.set_fate(std::nullopt);
  roads.fault([this](FakeRoads& there, std::string message, TimePoint deadline) -> Task<Outcome> {
    (void)co_await there.deliver("b", std::move(message), deadline);
    cluster.own("");  // nobody yet
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  });
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(stored("n"), "1");
}

TEST_F(HandoverFaults, AMemberThatCannotBeReachedIsTriedAgain) {
  start(counting(), kLong);
  cluster.own("b", "elsewhere");  // nobody listens there
  last_ = exchange();
  auto running = a_->handle(*last_);
  running.start();
  while (roads.messages() < 3) loop::testing::run_for(loop, 1ms);
  EXPECT_FALSE(running.done());
  cluster.own("b", "b");
  while (!running.done()) loop::testing::run_for(loop, 1ms);
  EXPECT_EQ(running.take(), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
}

// The other member does not know yet that it owns the namespace.
TEST_F(HandoverFaults, AnOwnerThatDoesNotKnowItIsAskedAgain) {
  start(counting());
  b_->stop();
  last_ = exchange();
  auto running = a_->handle(*last_);
  running.start();
  while (roads.messages() < 2) loop::testing::run_for(loop, 1ms);
  b_->use(counting(), kLong);
  while (!running.done()) loop::testing::run_for(loop, 1ms);
  EXPECT_EQ(running.take(), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
}

}  // namespace
}  // namespace sluice::filters
