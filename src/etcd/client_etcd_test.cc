// SPDX-License-Identifier: Apache-2.0
// Covers: client.cc, endpoints.cc, grpc_call.cc, grpc_connection.cc
// A Client of real etcd: transactions, leases, members that die, hang and restart.
#include <gtest/gtest.h>

#include <csignal>

#include "etcd/testing/etcd_fixture.h"

namespace sluice::etcd {
namespace {

using testing::compare_mod;
using testing::put_of;
using testing::range_of;
using testing::txn_of;

class ClientWithEtcd : public testing::EtcdFixture {};

TEST_F(ClientWithEtcd, CommitsAndReads) {
  begin();
  const std::int64_t revision = commit(txn_of({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_EQ(value_of("c"), "absent");
  const auto all = run(client_->range(range_of("a", "c")));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->kvs_size(), 2);
  EXPECT_EQ(all->kvs(1).mod_revision(), revision);
  EXPECT_EQ(all->header().revision(), revision);
}

TEST_F(ClientWithEtcd, CommitsOnlyIfTheComparesHold) {
  begin();
  const std::int64_t revision = commit(txn_of({{"a", "1"}}));
  pb::TxnRequest request = txn_of({{"a", "2"}});
  compare_mod(request, "a", revision - 1);
  *request.add_failure() = put_of("loser", "me");
  auto reply = run(client_->txn(request));
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->succeeded());
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_EQ(value_of("loser"), "me");
  request.mutable_compare(0)->set_mod_revision(revision);
  reply = run(client_->txn(request));
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->succeeded());
  EXPECT_EQ(value_of("a"), "2");
}

TEST_F(ClientWithEtcd, NestedTransactionsHaveVerdictsOfTheirOwn) {
  begin();
  const std::int64_t revision = commit(txn_of({{"a", "1"}, {"b", "1"}, {"c", "1"}}));
  pb::TxnRequest request;
  const auto nested = [&](const std::string& key, std::int64_t expected) {
    pb::TxnRequest& inner = *request.add_success()->mutable_request_txn();
    compare_mod(inner, key, expected);
    *inner.add_success() = put_of(key, "2");
  };
  nested("a", revision);
  nested("b", revision - 1);
  nested("c", revision);
  const auto reply = run(client_->txn(request));
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->responses_size(), 3);
  EXPECT_TRUE(reply->responses(0).response_txn().succeeded());
  EXPECT_FALSE(reply->responses(1).response_txn().succeeded());
  EXPECT_TRUE(reply->responses(2).response_txn().succeeded());
  EXPECT_EQ(value_of("a") + value_of("b") + value_of("c"), "212");
}

TEST_F(ClientWithEtcd, RefusesWhatEtcdRefuses) {
  begin();
  EXPECT_EQ(refused(txn_of({{"a", "1"}, {"a", "2"}})).status, Status::invalid_argument);
  pb::TxnRequest large;
  for (int i = 0; i < 129; ++i) *large.add_success() = put_of("k" + std::to_string(i), "");
  const CallFailure too_many = refused(large);
  EXPECT_EQ(too_many.status, Status::invalid_argument);
  EXPECT_NE(too_many.error.message.find("--max-txn-ops"), std::string::npos);
  EXPECT_NE(too_many.error.message.find(etcd_->endpoints()[0]), std::string::npos);
  large.mutable_success()->RemoveLast();
  EXPECT_GT(commit(large), 0);
  EXPECT_EQ(refused(txn_of({{"big", std::string(3 << 20, 'x')}})).certainty, Certainty::refused);
  EXPECT_EQ(value_of("big"), "absent");
  EXPECT_EQ(refused(txn_of({{"", "no key"}})).status, Status::invalid_argument);
}

TEST_F(ClientWithEtcd, ReadsAnswersOfManyMegabytes) {
  begin();
  constexpr int kKeys = 24;
  for (int i = 0; i < kKeys; ++i)
    commit(txn_of({{"big/" + std::to_string(100 + i), std::string(1 << 20, 'x')}}));
  const auto all = run(client_->range(range_of("big/", "big0")));
  ASSERT_TRUE(all) << all.error().error.message;
  EXPECT_EQ(all->kvs_size(), kKeys);
  EXPECT_EQ(all->kvs(kKeys - 1).value().size(), std::size_t{1} << 20);
}

TEST_F(ClientWithEtcd, ManyCallsAtOnceShareAConnection) {
  begin();
  struct Many {
    static Task<void> one(Client& client, int i, int& done, loop::EventLoop& loop, int all) {
      const pb::TxnRequest request = txn_of({{"k" + std::to_string(i), "v"}});
      const auto reply = co_await client.txn(request);
      EXPECT_TRUE(reply);
      if (++done == all) loop.stop();
    }
  };
  constexpr int kCalls = 200;
  int done = 0;
  for (int i = 0; i < kCalls; ++i) loop_.spawn(Many::one(*client_, i, done, loop_, kCalls));
  if (done < kCalls) loop_.run();
  EXPECT_EQ(done, kCalls);
}

TEST_F(ClientWithEtcd, NoSpaceProvesNothing) {
  begin({.flags = {"--quota-backend-bytes=" + std::to_string(1 << 20)}});
  const std::string large(512 << 10, 'x');
  std::optional<CallFailure> failure;
  std::string last;
  for (int i = 0; i < 64 && !failure; ++i) {
    last = "k" + std::to_string(i);
    const pb::TxnRequest request = txn_of({{last, large}});
    if (auto reply = run(client_->txn(request)); !reply) failure = std::move(reply).error();
  }
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::resource_exhausted);
  EXPECT_EQ(failure->certainty, Certainty::unknown);
  EXPECT_NE(failure->error.message.find("compact"), std::string::npos);
}

TEST_F(ClientWithEtcd, LeasesExpireUnlessTheyAreKept) {
  begin();
  pb::LeaseGrantRequest request;
  request.set_ttl(2);
  const auto kept = run(client_->lease_grant(request));
  const auto left = run(client_->lease_grant(request));
  ASSERT_TRUE(kept && left);
  EXPECT_NE(kept->id(), left->id());
  pb::TxnRequest puts = txn_of({{"kept", "1"}, {"left", "1"}});
  puts.mutable_success(0)->mutable_request_put()->set_lease(kept->id());
  puts.mutable_success(1)->mutable_request_put()->set_lease(left->id());
  commit(puts);
  while (value_of("left") == "1") {
    const auto renewed = run(client_->lease_keep_alive(kept->id()));
    ASSERT_TRUE(renewed) << renewed.error().error.message;
    EXPECT_EQ(renewed->ttl(), 2);
    sleep(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(value_of("kept"), "1");
  const auto gone = run(client_->lease_keep_alive(left->id()));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().status, Status::not_found);
  EXPECT_EQ(gone.error().certainty, Certainty::refused);
  EXPECT_TRUE(run(client_->lease_revoke(kept->id())));
  EXPECT_EQ(value_of("kept"), "absent");
  const auto twice = run(client_->lease_revoke(kept->id()));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().status, Status::not_found);
}

TEST_F(ClientWithEtcd, TellsTheStateOfAnEndpoint) {
  begin();
  const auto status = run(client_->status(0));
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->version().starts_with("3.")) << status->version();
  EXPECT_NE(status->leader(), 0U);
}

TEST_F(ClientWithEtcd, CompactedRevisionsAreOutOfRange) {
  begin();
  const std::int64_t revision = commit(txn_of({{"a", "1"}}));
  commit(txn_of({{"a", "2"}}));
  pb::CompactionRequest compaction;
  compaction.set_revision(revision + 1);
  ASSERT_TRUE(run(client_->compact(compaction)));
  const auto again = run(client_->compact(compaction));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, Status::out_of_range);
  pb::RangeRequest old = range_of("a");
  old.set_revision(revision);
  const auto read = run(client_->range(old));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().status, Status::out_of_range);
}

TEST_F(ClientWithEtcd, AMemberThatIsKilledIsUnreachableUntilItRestarts) {
  begin();
  commit(txn_of({{"a", "1"}}));
  etcd_->signal(0, SIGKILL);
  // The connection may not have ended yet for the first.
  const pb::TxnRequest request = txn_of({{"a", "2"}});
  (void)run(client_->txn(request));
  const auto reply = run(client_->txn(request));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().status, Status::unavailable);
  EXPECT_EQ(reply.error().certainty, Certainty::refused);
  etcd_->start(0);
  wait_until_ready();
  EXPECT_EQ(value_of("a"), "1");
}

// The index of the member that leads.
EndpointIndex leader_of(Client& client, loop::EventLoop& loop) {
  for (EndpointIndex i = 0; i < client.endpoints(); ++i) {
    const auto status = loop::run_to_completion(loop, client.status(i));
    if (status && status->leader() == status->header().member_id()) return i;
  }
  return kAnyEndpoint;
}

TEST_F(ClientWithEtcd, CallsGoElsewhereWhenTheLeaderHangs) {
  begin({.members = 3});
  commit(txn_of({{"a", "1"}}));
  const EndpointIndex leader = leader_of(*client_, loop_);
  ASSERT_NE(leader, kAnyEndpoint);
  // The client begins with the leader.
  Options options;
  for (std::size_t i = 0; i < 3; ++i)
    options.endpoints.push_back(etcd_->endpoints()[(leader + i) % 3]);
  connect(options);
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_EQ(client_->current(), 0U);

  etcd_->signal(leader, SIGSTOP);
  CallOptions call;
  call.deadline = loop::EventLoop::now() + std::chrono::seconds(1);
  const pb::TxnRequest request = txn_of({{"a", "2"}});
  const auto hangs = run(client_->txn(request, call));
  ASSERT_FALSE(hangs);
  EXPECT_EQ(hangs.error().certainty, Certainty::unknown) << hangs.error().error.message;
  EXPECT_EQ(hangs.error().endpoint, 0U);

  const TimePoint end = soon();
  while (true) {
    call.avoid = 0;
    call.deadline = loop::EventLoop::now() + std::chrono::seconds(5);
    const auto elsewhere = run(client_->txn(request, call));
    if (elsewhere) break;
    // While the others have no leader, they refuse, and the endpoint to avoid is the last resort.
    ASSERT_LT(loop::EventLoop::now(), end) << elsewhere.error().error.message;
  }
  EXPECT_EQ(value_of("a"), "2");
  EXPECT_NE(client_->current(), 0U);
  etcd_->signal(leader, SIGCONT);
}

TEST_F(ClientWithEtcd, ReadsGoElsewhereByThemselves) {
  begin({.members = 3});
  commit(txn_of({{"a", "1"}}));
  const EndpointIndex leader = leader_of(*client_, loop_);
  ASSERT_NE(leader, kAnyEndpoint);
  const EndpointIndex follower = (leader + 1) % 3;
  Options options;
  options.endpoints = {etcd_->endpoints()[follower], etcd_->endpoints()[leader]};
  options.read_patience = std::chrono::seconds(1);
  connect(options);
  EXPECT_EQ(value_of("a"), "1");
  etcd_->signal(follower, SIGSTOP);
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_EQ(client_->current(), 1U);
  etcd_->signal(follower, SIGCONT);
}

TEST_F(ClientWithEtcd, AMemberAloneRefusesAtOnce) {
  begin({.members = 3});
  etcd_->signal(1, SIGKILL);
  etcd_->signal(2, SIGKILL);
  Options options;
  options.endpoints = {etcd_->endpoints()[0]};
  connect(options);
  const TimePoint end = soon();
  const pb::TxnRequest request = txn_of({{"a", "1"}});
  while (true) {
    const auto reply = run(client_->txn(request));
    ASSERT_FALSE(reply);
    if (reply.error().error.message.contains("no leader")) {
      EXPECT_EQ(reply.error().certainty, Certainty::refused);
      break;
    }
    ASSERT_LT(loop::EventLoop::now(), end) << reply.error().error.message;
  }
  pb::RangeRequest local = range_of("a");
  local.set_serializable(true);
  EXPECT_TRUE(run(client_->range(local)));
}

}  // namespace
}  // namespace sluice::etcd
