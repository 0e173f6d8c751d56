// SPDX-License-Identifier: Apache-2.0
// Covers: watch.cc, watch_events.cc
// Watches of real etcd.
#include <gtest/gtest.h>

#include <csignal>

#include "etcd/testing/etcd_fixture.h"

namespace sluice::etcd {
namespace {

using testing::txn_of;

class WatchWithEtcd : public testing::EtcdFixture {
 protected:
  std::unique_ptr<Watch> watch(std::int64_t from, EndpointIndex avoid = kAnyEndpoint) {
    WatchOptions options;
    options.key = "k";
    options.range_end = "l";
    options.start_revision = from;
    options.avoid = avoid;
    options.prev_kv = true;
    return std::make_unique<Watch>(*client_, std::move(options));
  }
  std::unique_ptr<Watch> started(std::int64_t from, EndpointIndex avoid = kAnyEndpoint) {
    auto made = watch(from, avoid);
    const auto header = run(made->start(soon()));
    EXPECT_TRUE(header) << header.error().error.message;
    return made;
  }
  // "key=value@revision key=value@revision ..." of the next answer, or the failure.
  std::string next(Watch& watch) {
    const auto answer = run(watch.next(soon()));
    if (!answer) return answer.error().error.message;
    std::string text;
    for (const pb::Event& event : answer->events()) {
      text += text.empty() ? "" : " ";
      text += event.kv().key() + '=' + event.kv().value() + '@' +
              std::to_string(event.kv().mod_revision());
    }
    return text;
  }
};

TEST_F(WatchWithEtcd, DeliversEventsFromARevisionOn) {
  begin();
  const std::int64_t first = commit(txn_of({{"k1", "a"}, {"other", "x"}, {"k2", "b"}}));
  commit(txn_of({{"k1", "c"}}));
  const std::string one = std::to_string(first);
  const std::string two = std::to_string(first + 1);
  const auto old = started(first);
  EXPECT_EQ(next(*old), "k1=a@" + one + " k2=b@" + one + " k1=c@" + two);
  const auto fresh = started(0);
  const std::string three = std::to_string(commit(txn_of({{"k3", "d"}})));
  EXPECT_EQ(next(*old), "k3=d@" + three);
  EXPECT_EQ(next(*fresh), "k3=d@" + three);
}

TEST_F(WatchWithEtcd, ADeadlineDoesNotEndIt) {
  begin();
  const auto made = started(0);
  const auto nothing = run(made->next(loop::EventLoop::now() + std::chrono::milliseconds(20)));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().why, WatchFailure::Why::timed_out);
  commit(txn_of({{"k", "a"}}));
  EXPECT_TRUE(next(*made).starts_with("k=a@"));
}

TEST_F(WatchWithEtcd, GivesThePreviousValueAndDeletions) {
  begin();
  commit(txn_of({{"k", "a"}}));
  const auto made = started(0);
  pb::TxnRequest deletion;
  deletion.add_success()->mutable_request_delete_range()->set_key("k");
  commit(deletion);
  const auto answer = run(made->next(soon()));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->events_size(), 1);
  EXPECT_EQ(answer->events(0).type(), pb::Event::DELETE);
  EXPECT_EQ(answer->events(0).prev_kv().value(), "a");
}

TEST_F(WatchWithEtcd, JoinsTheFragmentsOfARevision) {
  begin();
  const auto made = started(0);
  // The events with their previous values are larger than what etcd sends in one response.
  pb::TxnRequest request;
  for (int i = 0; i < 120; ++i) {
    *request.add_success() = testing::put_of("k" + std::to_string(i), std::string(10'000, 'x'));
  }
  const std::int64_t first = commit(request);
  const std::int64_t second = commit(request);
  for (const std::int64_t revision : {first, second}) {
    const auto answer = run(made->next(soon()));
    ASSERT_TRUE(answer) << answer.error().error.message;
    EXPECT_EQ(answer->events_size(), 120);
    EXPECT_FALSE(answer->fragment());
    for (const pb::Event& event : answer->events()) EXPECT_EQ(event.kv().mod_revision(), revision);
  }
}

TEST_F(WatchWithEtcd, DeliversABacklogInWholeRevisions) {
  begin();
  constexpr int kRevisions = 40;
  std::int64_t first = 0;
  for (int i = 0; i < kRevisions; ++i) {
    const std::string value(500'000, 'x');
    const std::int64_t revision = commit(txn_of({{"k1", value}, {"k2", value}}));
    if (i == 0) first = revision;
  }
  const auto made = started(first);
  std::int64_t expected = first;
  while (expected < first + kRevisions) {
    const auto answer = run(made->next(soon()));
    ASSERT_TRUE(answer) << answer.error().error.message;
    ASSERT_EQ(answer->events_size() % 2, 0);
    for (int i = 0; i < answer->events_size(); i += 2) {
      EXPECT_EQ(answer->events(i).kv().mod_revision(), expected);
      EXPECT_EQ(answer->events(i + 1).kv().mod_revision(), expected);
      ++expected;
    }
  }
}

TEST_F(WatchWithEtcd, AWatchOfTheCompactedPastSaysSo) {
  begin();
  const std::int64_t first = commit(txn_of({{"k", "a"}}));
  const std::int64_t last = commit(txn_of({{"k", "b"}}));
  pb::CompactionRequest compaction;
  compaction.set_revision(last);
  ASSERT_TRUE(run(client_->compact(compaction)));
  const auto made = watch(first);
  WatchFailure failure;
  if (const auto header = run(made->start(soon())); !header) {
    failure = header.error();
  } else {
    const auto answer = run(made->next(soon()));
    ASSERT_FALSE(answer);
    failure = answer.error();
  }
  EXPECT_EQ(failure.why, WatchFailure::Why::compacted) << failure.error.message;
  EXPECT_EQ(failure.compact_revision, last);
}

TEST_F(WatchWithEtcd, IsLostWithItsMemberAndGoesOnAfterARestart) {
  begin();
  const std::int64_t first = commit(txn_of({{"k", "a"}}));
  auto made = started(first);
  EXPECT_EQ(next(*made), "k=a@" + std::to_string(first));
  etcd_->signal(0, SIGKILL);
  const auto lost = run(made->next(soon()));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().why, WatchFailure::Why::lost);
  EXPECT_FALSE(run(made->next(soon()))) << "it has ended";
  etcd_->start(0);
  wait_until_ready();
  const std::int64_t second = commit(txn_of({{"k", "b"}}));
  made = started(first + 1);
  EXPECT_EQ(next(*made), "k=b@" + std::to_string(second));
}

TEST_F(WatchWithEtcd, NoticesAMemberThatHangsAndGoesOnElsewhere) {
  begin({.members = 3});
  const std::int64_t before = commit(txn_of({{"other", "a"}}));
  auto made = started(before + 1);
  const EndpointIndex place = made->endpoint();
  etcd_->signal(place, SIGSTOP);
  const auto lost = run(made->next(soon()));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().why, WatchFailure::Why::lost) << lost.error().error.message;
  EXPECT_EQ(lost.error().endpoint, place);
  // The one that hangs may have been the leader: the others refuse watches and writes until they
  // have elected one.
  const TimePoint end = soon();
  pb::TxnRequest request = txn_of({{"k", "a"}});
  while (!run(client_->txn(request))) ASSERT_LT(loop::EventLoop::now(), end);
  std::string event;
  while (!event.starts_with("k=a@")) {
    ASSERT_LT(loop::EventLoop::now(), end) << event;
    made = watch(before + 1, place);
    if (!run(made->start(soon()))) continue;
    EXPECT_NE(made->endpoint(), place);
    event = next(*made);
  }
  etcd_->signal(place, SIGCONT);
}

TEST_F(WatchWithEtcd, EndsWhenItsMemberSeesNoLeader) {
  begin({.members = 3});
  auto made = started(0);
  const EndpointIndex place = made->endpoint();
  for (EndpointIndex i = 0; i < 3; ++i) {
    if (i != place) etcd_->signal(i, SIGKILL);
  }
  const auto lost = run(made->next(soon()));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().why, WatchFailure::Why::no_leader) << lost.error().error.message;
}

}  // namespace
}  // namespace sluice::etcd
