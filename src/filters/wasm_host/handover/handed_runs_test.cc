// SPDX-License-Identifier: Apache-2.0
// Covers: handed_runs.cc, carried.cc
// Exchanges of other members at their owner: run once, however many copies come.
#include "filters/wasm_host/handover/handed_runs.h"

#include <gtest/gtest.h>

#include "filters/wasm_host/testing/test_member.h"
#include "loop/testing/settle.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using testing::data_at;
using testing::guest;
using testing::text_at;
using Refusal = HandedAnswer::Refusal;

class HandedRunsTest : public testing::Members {
 protected:
  void start(const std::string& code, HandedRunsLimits limits = {}) {
    cluster.own("b", "b");
    member_.emplace(core, cluster, *engine, roads, "b", 20s, limits);
    member_->use(code, kLong);
  }
  // A message of the exchange with this number, as its sender would make it.
  HandedExchange message(std::uint64_t number, std::uint64_t floor = 0) {
    HandedExchange message;
    message.head = {.ns = "shop/wasm",
                    .id = {sender_, number},
                    .floor = floor,
                    .fence = cluster.fence(),
                    .remaining = 60s,
                    .real_ip = "10.1.2.3"};
    message.has_request = true;
    message.request.method = "GET";
    message.request.host = "shop";
    EXPECT_TRUE(message.request.set_target("/"));
    return message;
  }
  struct Got {
    HandedRuns::Answer bytes{};
    [[nodiscard]] HandedAnswer answer() const {
      EXPECT_TRUE(bytes) << "no answer yet";
      return bytes ? HandedAnswer::decode(*bytes).value() : HandedAnswer();
    }
  };
  std::shared_ptr<Got> send(HandedExchange message) {
    auto got = std::make_shared<Got>();
    member_->runs().accept(std::move(message),
                           [got](HandedRuns::Answer answer) { got->bytes = std::move(answer); });
    return got;
  }
  void wait_for(const std::shared_ptr<Got>& got) {
    while (!got->bytes) loop::testing::run_for(loop, 1ms);
  }
  HandedAnswer ask(HandedExchange message) {
    const auto got = send(std::move(message));
    wait_for(got);
    return got->answer();
  }
  [[nodiscard]] std::optional<Refusal> refusal(HandedExchange message) {
    const HandedAnswer answer = ask(std::move(message));
    if (answer.kind == HandedAnswer::Kind::refused) return answer.refusal;
    return std::nullopt;
  }

  // Counts, and takes until the time in the key `until`.
  static std::string slow_counting() {
    return guest(
        "(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
        "(loop $wait (br_if $wait (i64.lt_u (call $host_get_unix_time_in_ms) "
        "(call $host_cluster_get_integer (i32.const 120)))))"
        "(i32.const 0)",
        text_at(100, "n") + text_at(120, "until"));
  }
  // An exchange that runs. Those with smaller numbers were not slow enough, and have ended.
  struct Slow {
    std::uint64_t number = 0;
    std::shared_ptr<Got> got{};
  };
  Slow send_slow() {
    using std::chrono::milliseconds;
    Slow slow;
    for (auto length = 50ms;; length *= 2, ++slow.number) {
      const auto until = std::chrono::system_clock::now().time_since_epoch() + length;
      const auto ms = std::chrono::duration_cast<milliseconds>(until).count();
      (void)cluster.data().apply("shop/wasm", {{"until", std::to_string(ms)}});
      slow.got = send(message(slow.number));
      if (!slow.got->bytes) return slow;
    }
  }

  store::RandomId sender_ = store::RandomId::make();
  std::optional<testing::TestMember> member_;
};

TEST_F(HandedRunsTest, TheGuestRunsAndItsChangesComeBack) {
  start(
      counting("(call $host_add_tag (i32.const 100))"
               "(call $host_req_set_method (i32.const 200))"
               "(call $host_resp_set_status_code (i32.const 418))"
               "(call $host_resp_set_body (i32.const 300))",
               text_at(200, "PUT") + data_at(300, "tea")));
  HandedExchange sent = message(0);
  sent.head.tags = 2;
  const HandedAnswer answer = ask(std::move(sent));
  EXPECT_EQ(answer.kind, HandedAnswer::Kind::done);
  EXPECT_EQ(answer.result, 3);
  ASSERT_TRUE(answer.request_head.has_value());
  EXPECT_EQ(answer.request_head->method, "PUT");
  EXPECT_EQ(answer.request_head->host, "shop");
  EXPECT_FALSE(answer.request_body.has_value());
  ASSERT_TRUE(answer.response_head.has_value());
  EXPECT_EQ(answer.response_head->status, 418);
  EXPECT_EQ(answer.response_body, "tea");
  EXPECT_EQ(answer.tags, std::vector<std::string>{"n"}) << "without those of earlier filters";
  EXPECT_EQ(stored("n"), "1");
  EXPECT_EQ(cluster.written().count({sender_, 0}), 1U) << "the id goes with the writes";
  EXPECT_EQ(member_->status("runForOthers"), 1);
  EXPECT_EQ(member_->status("numOfRequest"), 0) << "the request is the other member's";
}

TEST_F(HandedRunsTest, CopiesOfOneExchangeRunOnce) {
  start(slow_counting());
  const Slow slow = send_slow();
  const auto copy = send(message(slow.number));
  wait_for(slow.got);
  EXPECT_EQ(slow.got->answer().kind, HandedAnswer::Kind::done);
  ASSERT_TRUE(copy->bytes) << "they end together";
  EXPECT_EQ(copy->bytes, slow.got->bytes);
  EXPECT_EQ(ask(message(slow.number)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(stored("n"), std::to_string(slow.number + 1)) << "once each";
}

// Its sender no longer waits for it, so it may have given the exchange up.
TEST_F(HandedRunsTest, ACopyBelowTheFloorIsRefused) {
  start(counting());
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(member_->runs().size(), 1U);
  EXPECT_EQ(ask(message(2, 2)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(member_->runs().size(), 1U) << "the answer to 0 is forgotten";
  EXPECT_EQ(refusal(message(0)), Refusal::forgotten);
  EXPECT_EQ(refusal(message(1)), Refusal::forgotten) << "it never came";
  EXPECT_EQ(stored("n"), "2");
}

TEST_F(HandedRunsTest, AnotherFenceIsRefusedWithAHint) {
  start(counting());
  HandedExchange old = message(0);
  cluster.own("b", "b");
  const HandedAnswer answer = ask(std::move(old));
  EXPECT_EQ(answer.refusal, Refusal::wrong_fence);
  EXPECT_EQ(answer.owner_fence, cluster.fence());
  EXPECT_EQ(answer.owner, "b");
  cluster.own("c", "c:1");
  EXPECT_EQ(ask(message(0)).owner, "c:1");
  EXPECT_EQ(member_->status("runForOthers"), 0) << "the guest need not run for that";
  EXPECT_EQ(stored("n"), "(absent)");
}

// A run that began under one ownership must not commit under the next.
TEST_F(HandedRunsTest, ARunDoesNotOutliveItsFence) {
  start(slow_counting());
  const Slow slow = send_slow();
  const std::string before = stored("n");
  cluster.own("b", "b");  // lost and taken again
  wait_for(slow.got);
  EXPECT_EQ(slow.got->answer().refusal, Refusal::wrong_fence);
  EXPECT_EQ(stored("n"), before);
}

// The sender learns that it was not run, and hands it over again under the next fence.
TEST_F(HandedRunsTest, UnderTheNextFenceAnExchangeRunsAnew) {
  start(counting());
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  HandedExchange old = message(0);
  cluster.own("b", "b");
  EXPECT_EQ(ask(std::move(old)).kind, HandedAnswer::Kind::done) << "its answer still counts";
  EXPECT_EQ(stored("n"), "1");
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(stored("n"), "2");
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(stored("n"), "2") << "once under that fence, too";
}

TEST_F(HandedRunsTest, ABodyThatIsNeededIsAskedFor) {
  start(
      guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
            "(call $host_resp_set_body (call $host_req_get_body)) (i32.const 0)",
            text_at(100, "n")));
  HandedExchange bare = message(0);
  bare.request_body = CarriedBody::withheld;
  EXPECT_EQ(refusal(std::move(bare)), Refusal::needs_body);
  EXPECT_EQ(stored("n"), "(absent)") << "undone";
  HandedExchange full = message(0);
  full.request.body.assign("hello");
  const HandedAnswer answer = ask(std::move(full));
  EXPECT_EQ(answer.response_body, "hello");
  EXPECT_EQ(stored("n"), "1");
  EXPECT_EQ(member_->status("numOfWasmError"), 0);
}

TEST_F(HandedRunsTest, ABodyThatIsNotReadMayStayBehind) {
  start(counting());
  HandedExchange bare = message(0);
  bare.request_body = bare.response_body = CarriedBody::withheld;
  EXPECT_EQ(ask(std::move(bare)).kind, HandedAnswer::Kind::done);
}

// Here as at the other member: a streamed body cannot be read.
TEST_F(HandedRunsTest, AStreamedBodyFailsTheGuest) {
  start(guest("(drop (call $host_req_get_body)) (i32.const 0)"));
  HandedExchange streamed = message(0);
  streamed.request_body = CarriedBody::stream;
  const HandedAnswer answer = ask(std::move(streamed));
  EXPECT_EQ(answer.kind, HandedAnswer::Kind::failed);
  EXPECT_NE(answer.text.find("stream"), std::string::npos) << answer.text;
}

TEST_F(HandedRunsTest, AFailureIsAnAnswer) {
  start(guest("unreachable"));
  const HandedAnswer answer = ask(message(0));
  EXPECT_EQ(answer.kind, HandedAnswer::Kind::failed);
  EXPECT_FALSE(answer.out_of_guests);
  EXPECT_NE(answer.text.find("trap"), std::string::npos) << answer.text;
}

TEST_F(HandedRunsTest, WithoutAFilterOfThatNameNothingRuns) {
  start(counting());
  HandedExchange other = message(0);
  other.head.ns = "shop/other";
  EXPECT_EQ(refusal(std::move(other)), Refusal::no_filter);
  member_->stop();
  EXPECT_EQ(refusal(message(0)), Refusal::no_filter);
}

TEST_F(HandedRunsTest, WhatIsRememberedHasALimit) {
  start(counting(), {.runs_max = 2});
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(ask(message(1)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(refusal(message(2)), Refusal::busy);
  EXPECT_EQ(ask(message(1)).kind, HandedAnswer::Kind::done) << "known";
  EXPECT_EQ(ask(message(2, 1)).kind, HandedAnswer::Kind::done) << "0 is acknowledged";
  EXPECT_EQ(stored("n"), "3");
}

TEST_F(HandedRunsTest, TheBytesOfAnswersHaveALimit) {
  start(counting(), {.bytes_max = 1});
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(refusal(message(1)), Refusal::busy);
  EXPECT_EQ(ask(message(2, 1)).kind, HandedAnswer::Kind::done);
}

TEST_F(HandedRunsTest, TheNumberOfSendersHasALimit) {
  start(counting(), {.lanes_max = 1});
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  sender_ = store::RandomId::make();
  EXPECT_EQ(refusal(message(0)), Refusal::busy);
}

// The answers of a sender that is gone are dropped. A copy that comes even later must not run.
TEST_F(HandedRunsTest, ASilentSenderIsForgottenButNotItsFloor) {
  start(counting(), {.answer_kept = 1ms});
  EXPECT_EQ(ask(message(4)).kind, HandedAnswer::Kind::done);
  const auto silent = sender_;
  sender_ = store::RandomId::make();
  loop::testing::let_pass(Clock::now() + 5ms);
  EXPECT_EQ(ask(message(0)).kind, HandedAnswer::Kind::done);
  EXPECT_EQ(member_->runs().size(), 1U);
  sender_ = silent;
  EXPECT_EQ(refusal(message(4)), Refusal::forgotten);
  EXPECT_EQ(ask(message(5)).kind, HandedAnswer::Kind::done) << "it was only silent";
  EXPECT_EQ(stored("n"), "3");
}

// A run goes on when its connection breaks: the next copy gets its answer.
TEST_F(HandedRunsTest, RunsEndWithTheirOwner) {
  start(counting());
  (void)send(message(0));
  member_.reset();  // must not leave anything that refers to it
  loop::testing::settle(loop);
}

}  // namespace
}  // namespace sluice::filters
