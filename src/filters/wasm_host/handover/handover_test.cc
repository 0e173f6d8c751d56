// SPDX-License-Identifier: Apache-2.0
// Covers: filter_cluster.cc, filter_elsewhere.cc, sender.h
// Two members, `a` and `b`, and the requests that come to `a`.
#include "filters/wasm_host/handover/handover.h"

#include <gtest/gtest.h>

#include "filters/wasm_host/handover/carried.h"
#include "filters/wasm_host/testing/test_member.h"
#include "loop/testing/settle.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using testing::data_at;
using testing::guest;
using testing::text_at;

class HandoverTest : public testing::TwoMembers {};

// --- Reads ---

TEST_F(HandoverTest, ARunThatOnlyReadsStaysHere) {
  start(reading());
  EXPECT_EQ(run(), "wasmResult2");
  (void)cluster.data().apply("shop/wasm", {{"n", "1"}});
  EXPECT_EQ(run(), "wasmResult1");
  EXPECT_EQ(roads.messages(), 0);
  EXPECT_EQ(a_->status("handedOver"), 0);
  EXPECT_EQ(a_->status("confirmedReads"), 0) << "confirmed without waiting";
}

TEST_F(HandoverTest, AReadOfAnOldStateRunsAgain) {
  start(reading());
  cluster.set_confirm([this](int number) -> Result<void> {
    if (number > 0) return {};
    (void)cluster.data().apply("shop/wasm", {{"n", "1"}});
    return fail(ErrorKind::conflict, "there is a newer state");
  });
  EXPECT_EQ(run(), "wasmResult1");
  EXPECT_EQ(cluster.questions(), 2);
  EXPECT_EQ(a_->status("reruns"), 1);
  EXPECT_EQ(a_->status("confirmedReads"), 1);
  EXPECT_EQ(a_->status("transactionsReadOnly"), 1) << "the first run does not count";
  ASSERT_EQ(cluster.moments().size(), 2U);
  EXPECT_EQ(cluster.moments()[1].begun, 0U) << "the moment is that of the arrival";
}

// The member loses the namespace while it confirms a read, and follows from then on.
TEST_F(HandoverTest, ALostReadIsConfirmedAsTheReadOfAReplica) {
  start(reading());
  cluster.own("a", "a");
  cluster.set_confirm([this](int number) -> Result<void> {
    if (number > 0) return {};
    cluster.own("b", "b");
    return fail(ErrorKind::lost, "another member owns it");
  });
  EXPECT_EQ(run(), "wasmResult2");
  ASSERT_EQ(cluster.moments().size(), 2U);
  EXPECT_NE(cluster.moments()[0].fence, 0U);
  EXPECT_EQ(cluster.moments()[1].fence, 0U);
  EXPECT_EQ(roads.messages(), 0);
}

TEST_F(HandoverTest, ARunWithoutDataAsksNothing) {
  start(guest("(i32.const 4)"));
  cluster.set_confirm([](int) { return fail(ErrorKind::unavailable, "no store"); });
  EXPECT_EQ(run(), "wasmResult4");
  EXPECT_EQ(cluster.questions(), 0);
}

TEST_F(HandoverTest, WithoutTheStoreAReadIsRefused) {
  start(reading());
  cluster.set_confirm([](int) { return fail(ErrorKind::unavailable, "etcd does not answer"); });
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(response().headers.get("Retry-After"), "1");
  EXPECT_NE(tag().find("etcd does not answer"), std::string::npos) << tag();
}

TEST_F(HandoverTest, WithoutTheStoreAReadMayBeServedAsItWas) {
  start(reading(), "timeout: 60s\nonStoreLoss: serveKnown");
  cluster.set_confirm([](int) { return fail(ErrorKind::unavailable, "etcd does not answer"); });
  EXPECT_EQ(run(), "wasmResult2");
  EXPECT_EQ(a_->status("confirmedReads"), 0);
}

TEST_F(HandoverTest, WhatIsKnownIsServedWithinTheTimeout) {
  start(reading(), "timeout: 20ms\nonStoreLoss: serveKnown");
  cluster.set_confirm([](int) { return fail(ErrorKind::timed_out, "etcd is silent"); });
  EXPECT_EQ(run(), "wasmResult2");
  EXPECT_EQ(cluster.questions(), 1);
}

// A confirmation may take longer than the filter's timeout, which is for the guest.
TEST_F(HandoverTest, AConfirmationMayComeLate) {
  start(reading(), "timeout: 20ms");
  cluster.set_confirm([](int number) -> Result<void> {
    if (number > 0) return {};
    return fail(ErrorKind::timed_out, "not yet");
  });
  EXPECT_EQ(run(), "wasmResult2");
  EXPECT_EQ(cluster.questions(), 2);
}

// A state that is not what the owner has may well make a guest fail.
TEST_F(HandoverTest, TheOwnerJudgesAGuestThatFails) {
  start(guest("unreachable"));
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(roads.messages(), 1);
  EXPECT_EQ(response().status, 503);
  EXPECT_NE(tag().find("trap"), std::string::npos) << tag();
}

// --- Handing over ---

TEST_F(HandoverTest, AWriteGoesToTheOwner) {
  start(
      counting("(call $host_add_tag (i32.const 100))"
               "(call $host_req_set_header (i32.const 200) (i32.const 100))"
               "(call $host_req_set_body (i32.const 300))"
               "(call $host_resp_set_status_code (i32.const 418))"
               "(call $host_resp_set_body (i32.const 300))",
               text_at(200, "X-Left") + data_at(300, "tea")));
  last_ = exchange();
  last_->add_tag("earlier");
  EXPECT_EQ(a_->run(*last_), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
  EXPECT_EQ(last_->tags(), (std::vector<std::string>{"earlier", "n"}));
  EXPECT_EQ(response().status, 418);
  EXPECT_EQ(response().body.bytes(), "tea");
  EXPECT_EQ(last_->request()->headers.get("x-left"), "n");
  EXPECT_EQ(last_->request()->headers.get("user-agent"), "test");
  EXPECT_EQ(last_->request()->body.bytes(), "tea");
  EXPECT_EQ(last_->request()->target(), "/a%20b/c?x=1&y");
  EXPECT_EQ(a_->status("handedOver"), 1);
  EXPECT_EQ(a_->status("transactionsWritten"), 0);
  EXPECT_EQ(b_->status("runForOthers"), 1);
  EXPECT_EQ(b_->status("transactionsWritten"), 1);
  EXPECT_EQ(cluster.written().size(), 1U);
}

TEST_F(HandoverTest, TheOwnerItselfHandsNothingOver) {
  start(counting());
  cluster.own("a", "a");
  EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(roads.messages(), 0);
}

// A member whose view does not follow cannot even read.
TEST_F(HandoverTest, WithoutAReplicaReadsGoToTheOwner) {
  start(reading());
  cluster.set_follows(false);
  EXPECT_EQ(run(), "wasmResult2");
  EXPECT_EQ(roads.messages(), 1);
}

TEST_F(HandoverTest, AnAcknowledgedExchangeIsForgotten) {
  start(counting());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(), "wasmResult3");
  EXPECT_EQ(b_->runs().size(), 1U) << "the last one is acknowledged by the next";
}

TEST_F(HandoverTest, ALargeBodyGoesAlongOnlyIfItIsRead) {
  const std::string large(kSmallBodyBytes + 1, 'x');
  start(counting());
  last_ = exchange();
  last_->client_request().body.assign(large);
  EXPECT_EQ(a_->run(*last_), "wasmResult3");
  EXPECT_LT(roads.last_message().size(), large.size());
  EXPECT_EQ(last_->request()->body.bytes(), large) << "it is still here";

  a_->use(body_reading(), kLong);
  b_->use(body_reading(), kLong);
  last_ = exchange();
  last_->client_request().body.assign(large);
  const int before = roads.messages();
  EXPECT_EQ(a_->run(*last_), "");
  EXPECT_EQ(roads.messages(), before + 1) << "the run here has asked for it already";
  EXPECT_EQ(response().body.bytes(), large);
}

// Here the guest did not ask for the body, at the owner's state it does.
TEST_F(HandoverTest, ABodyIsSentWhenTheOwnerAsksForIt) {
  const std::string large(kSmallBodyBytes + 1, 'x');
  start(counting());
  b_->use(body_reading(), kLong);
  last_ = exchange();
  last_->client_request().body.assign(large);
  EXPECT_EQ(a_->run(*last_), "");
  EXPECT_EQ(roads.messages(), 2);
  EXPECT_EQ(response().body.bytes(), large);
  EXPECT_EQ(stored("n"), "1");
}

// --- Waiting for an owner ---

TEST_F(HandoverTest, TheTimeoutIsForTheGuestNotForAnOwner) {
  start(counting(), "timeout: 1s");
  cluster.own("");
  last_ = exchange();
  auto running = a_->handle(*last_);
  running.start();
  loop::testing::run_for(loop, 1100ms);
  EXPECT_FALSE(running.done()) << "it waits beyond the filter's timeout";
  EXPECT_EQ(a_->status("handedOver"), 0);
  cluster.own("b", "b");
  while (!running.done()) loop::testing::run_for(loop, 1ms);
  EXPECT_EQ(running.take(), "wasmResult3");
  EXPECT_EQ(stored("n"), "1");
  const auto message = HandedExchange::decode(roads.last_message());
  ASSERT_TRUE(message);
  EXPECT_GT(message->head.remaining, Duration::zero()) << "the guest still has its time";
}

TEST_F(HandoverTest, AfterOwnerWaitARequestIsRefused) {
  start(counting(), kLong, 50ms);
  cluster.own("");
  EXPECT_EQ(run(), "wasmError");
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(response().headers.get("Retry-After"), "1");
}

TEST_F(HandoverTest, AnOwnerThatIsNotReachedIsNamed) {
  start(counting(), kLong, 50ms);
  cluster.own("b", "elsewhere");
  EXPECT_EQ(run(), "wasmError");
  EXPECT_NE(tag().find("the owner b at elsewhere has not answered in time: "), std::string::npos)
      << tag();
}

// Owners come and go, and none of them can be reached.
TEST_F(HandoverTest, OwnerWaitIsForAllOwnersTogether) {
  start(counting(), kLong, 100ms);
  last_ = exchange();
  auto running = a_->handle(*last_);
  cluster.own("");
  running.start();
  for (int news = 0; news < 2000 && !running.done(); ++news) {
    cluster.own(news % 2 == 0 ? "c" : "");
    loop::testing::run_for(loop, 5ms);
  }
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.take(), "wasmError");
}

TEST_F(HandoverTest, ReadsGoOnWithoutAnOwner) {
  start(reading());
  cluster.own("");
  EXPECT_EQ(run(), "wasmResult2");
}

TEST_F(HandoverTest, NoMoreThanMaxWaitingWait) {
  start(counting(), "timeout: 60s\nmaxWaiting: 2");
  cluster.own("");
  std::vector<std::unique_ptr<pipeline::Exchange>> exchanges;
  std::vector<Task<std::string_view>> waiting;
  for (int i = 0; i < 2; ++i) {
    exchanges.push_back(exchange());
    waiting.push_back(a_->handle(*exchanges.back()));
    waiting.back().start();
    loop::testing::run_for(loop, 5ms);
  }
  EXPECT_EQ(run(), "wasmError") << "the third";
  EXPECT_NE(tag().find("maxWaiting"), std::string::npos) << tag();
  waiting.clear();  // their clients leave
  last_ = exchange();
  auto running = a_->handle(*last_);
  running.start();
  loop::testing::run_for(loop, 5ms);
  EXPECT_FALSE(running.done()) << "there is room again";
}

}  // namespace
}  // namespace sluice::filters
