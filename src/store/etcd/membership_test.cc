// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/membership.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "store/etcd/namespace_claim.h"
#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

TEST(Rank, EveryMemberHasItsOwnAndAllAreFirstSomewhere) {
  const std::vector<std::string> members{"a", "b", "c"};
  std::set<std::string> first;
  for (int i = 0; i < 100; ++i) {
    const std::string ns = "p/" + std::to_string(i);
    std::set<std::size_t> ranks;
    for (const std::string& member : members) {
      const std::size_t rank = Membership::rank_of(member, members, ns);
      ranks.insert(rank);
      if (rank == 0) first.insert(member);
      // Others keep their order when a member leaves.
      EXPECT_LE(Membership::rank_of(member, {"a", "b"}, ns), rank);
    }
    EXPECT_EQ(ranks, (std::set<std::size_t>{0, 1, 2})) << ns;
  }
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(Membership::rank_of("a", {"a"}, "p/f"), 0U);
  EXPECT_EQ(Membership::rank_of("a", {}, "p/f"), 0U) << "its own record may be missing";
}

TEST(Rank, TheMemberThatHasReleasedIsNoTaker) {
  pb::RangeResponse members;
  std::vector<RandomId> incarnations;
  for (const char* name : {"a", "b"}) {
    MemberRecord record;
    record.name = name;
    record.incarnation = RandomId::make();
    incarnations.push_back(record.incarnation);
    pb::KeyValue& kv = *members.add_kvs();
    kv.set_key(name);
    kv.set_value(record.encode());
  }
  pb::RangeResponse released;
  const std::vector<std::string> both{"a", "b"};
  EXPECT_EQ(Membership::takers(members, released), both);
  released.add_kvs()->set_value(incarnations[0].text());
  EXPECT_EQ(Membership::takers(members, released), std::vector<std::string>{"b"});
  released.mutable_kvs(0)->set_value(RandomId::make().text());
  EXPECT_EQ(Membership::takers(members, released), both) << "another process of that name";
}

// It would have to read all of it first. But a member that cannot take it stops nobody.
TEST_F(EtcdMediumTest, AMemberThatHasNotReadANamespaceTakesItLast) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  const Keys& keys = rival_->keys();
  std::string first = "first";  // in the order of the namespace
  while (Membership::rank_of(keys.member(first), {keys.member(first), keys.member("two")}, kNs) > 0)
    first += "1";
  EtcdStore reads = member(first);
  EtcdStore follows = member("two");
  ASSERT_EQ(reads.trouble + follows.trouble, "");
  ASSERT_TRUE(follows.store->prepare(kNs));
  const auto names = std::make_shared<ExchangeNames>(reads.medium->incarnation());
  ASSERT_TRUE(reads.medium->acquire(kNs, std::make_shared<Outlook>(names)));
  std::atomic<bool> tried = false;
  KvFaults::Chosen noted = reads.faults->choose([&](const pb::TxnRequest& txn) {
    if (is_take(txn)) tried = true;
    return KvFault::none;
  });
  KvFaults::Chosen refused = follows.faults->choose(
      [](const pb::TxnRequest& txn) { return is_take(txn) ? KvFault::lost : KvFault::none; });
  const TimePoint from = Clock::now();
  opened_.store->close();
  ASSERT_TRUE(comes_true([&] { return tried.load(); }));
  EXPECT_GE(Clock::now() - from, 2 * kRankStep);
}

TEST_F(EtcdMediumTest, ANameIsInUseOnce) {
  begin();
  EXPECT_NE(member("one").trouble.find("a member `one` of the cluster `sluice` is running"),
            std::string::npos);
  EXPECT_EQ(told("k", "1"), "durable");
  store().close();
  EXPECT_EQ(member("one").trouble, "");
  MemberRecord other;
  other.name = "three";
  other.incarnation = RandomId::make();
  other.address = "10.0.0.3:2390";
  rival_->put(rival_->keys().member("three"), other.encode());
  EXPECT_NE(member("three").trouble.find("is running at 10.0.0.3:2390: give"), std::string::npos);
}

// A process that was killed leaves its name until its lease ends.
TEST_F(EtcdMediumTest, ANameIsFreeWhenItsLeaseEnds) {
  begin();
  const auto found = rival_->range(range_of(rival_->keys().member("one")));
  ASSERT_EQ(found.kvs_size(), 1);
  MemberRecord dead;
  dead.name = "two";
  dead.incarnation = RandomId::make();
  pb::TxnRequest txn;
  add_put(*txn.add_success(), rival_->keys().member("two"), dead.encode());
  (void)rival_->commit(txn);
  std::thread end([&] {
    std::this_thread::sleep_for(300ms);
    rival_->remove(rival_->keys().member("two"));
  });
  EXPECT_EQ(member("two").trouble, "");
  end.join();
}

TEST_F(EtcdMediumTest, APrefixBelongsToOneCluster) {
  open();
  EtcdOptions other = options_;
  other.cluster = "other";
  other.member = "two";
  const auto refused = open_etcd_store(other, 1, Logger());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_NE(refused.error().message.find("belongs to the cluster `sluice`, not `other`"),
            std::string::npos);
  rival_->put(rival_->keys().cluster(), R"({"format":7,"name":"sluice"})");
  other.cluster = "sluice";
  const auto newer = open_etcd_store(other, 1, Logger());
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, ErrorKind::conflict);
  EXPECT_NE(newer.error().message.find("format 7"), std::string::npos);
}

// A member that makes an empty cluster in place of a lost one would give a sale away again.
TEST_F(EtcdMediumTest, AnExpectedClusterIsJoinedAndNeverMade) {
  EtcdOptions expecting = options_;
  expecting.expected.exists = true;
  expecting.member = "two";
  const EtcdStore none = open_on_etcd(expecting, 1);
  EXPECT_NE(none.trouble.find("--require-store"), std::string::npos) << none.trouble;
  std::string id;
  options_.on_joined = [&id](const std::string& joined) { id = joined; };
  open();
  EXPECT_EQ(id.size(), 16U);
  expecting.expected.id = id;
  EXPECT_EQ(open_on_etcd(expecting, 1).trouble, "");
  expecting.expected.id = "0123456789abcdef";
  const std::string anew = open_on_etcd(expecting, 1).trouble;
  EXPECT_NE(anew.find("was made anew"), std::string::npos) << anew;
  EXPECT_NE(anew.find("--accept-older-store"), std::string::npos) << anew;
  expecting.expected = {.id = id};
  expecting.prefix += "-empty";
  const std::string lost = open_on_etcd(expecting, 1).trouble;
  EXPECT_NE(lost.find("restore a backup of etcd"), std::string::npos) << lost;
}

TEST_F(EtcdMediumTest, AClusterThatWasMadeAnewIsNoCluster) {
  begin();
  ASSERT_EQ(told("id/1", "1"), "durable");
  const std::string record = rival_->value_of(rival_->keys().cluster());
  ClusterRecord anew = *ClusterRecord::decode(record);
  anew.secret.front() ^= 1;
  rival_->put(rival_->keys().cluster(), anew.encode());
  const auto says = [&](const char* what) {
    return comes_true([&] { return store().health().contains(what); });
  };
  EXPECT_TRUE(says("was made anew in etcd")) << store().health();
  EXPECT_FALSE(store().namespaces());
  rival_->remove(rival_->keys().cluster());
  EXPECT_TRUE(says("were removed from etcd")) << store().health();
  const auto nothing = [](std::string_view, std::string_view) { return true; };
  EXPECT_FALSE(store().scan("p/other", "", nothing)) << "no data is not the same as no cluster";
  EXPECT_FALSE(store().namespaces());
  // A lease that ends now is not granted again: this member owns nothing of another cluster.
  rival_->put(rival_->keys().cluster(), anew.encode());
  rival_->revoke(rival_->range(range_of(rival_->keys().member(options_.member))).kvs(0).lease());
  EXPECT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  EXPECT_TRUE(says("was made anew in etcd")) << store().health();
  EXPECT_EQ(rival_->value_of(rival_->keys().member(options_.member)), "absent");
  rival_->put(rival_->keys().cluster(), record);
  EXPECT_TRUE(owned_again());
  EXPECT_TRUE(comes_true([&] { return store().health().empty(); })) << store().health();
}

// Another program has written a key, so its checksum differs.
TEST_F(EtcdMediumTest, DataThatAMemberCannotReadIsInItsHealth) {
  begin();
  ASSERT_EQ(told("id/1", "1"), "durable");
  const std::string foreign = rival_->keys().epoch(kNs, rival_->seq_of(kNs).epoch) + "id/foreign";
  rival_->put(foreign, "1");
  EtcdStore two = member("two");
  ASSERT_EQ(two.trouble, "");
  ASSERT_TRUE(two.store->prepare(kNs));
  EXPECT_TRUE(comes_true([&] { return two.store->health().contains("cannot be read"); }));
  EXPECT_NE(two.store->status(kNs).trouble, "");
  EXPECT_EQ(store().health(), "") << "the owner goes on";
  rival_->remove(foreign);
  EXPECT_TRUE(comes_true([&] { return two.store->health().empty(); })) << two.store->health();
  EXPECT_EQ(two.store->status(kNs).trouble, "");
}

TEST_F(EtcdMediumTest, AllMembersKeepTheReadPermitOfTheFirst) {
  options_.read_permit = 60s;
  begin();
  options_.read_permit = 1ms;
  EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare("p/f"));
  View& its = cores_.on(0, [&]() -> View& { return two.store->view(cores_.core(0), "p/f"); });
  ASSERT_TRUE(cores_.await(0, [&] { return its.ownership(in(20s)); }));
  auto moment = cores_.on(0, [&] { return its.moment(); });
  ASSERT_TRUE(cores_.await(0, [&] { return its.confirmed(moment, 0, in(20s)); }));
  std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(cores_.on(0, [&] { return its.is_confirmed(its.moment(), 0); }));
}

TEST_F(EtcdMediumTest, AnOldEtcdIsRefused) {
  EtcdMedium::Options options;
  options.etcd = options_;
  options.wrap = [](const loop::Core& core, std::unique_ptr<Kv> kv) {
    auto faults = std::make_shared<KvFaults>();
    faults->set_version("3.3.27");
    return std::make_unique<FaultyKv>(core.loop, std::move(kv), std::move(faults));
  };
  const auto opened = EtcdMedium::open(std::move(options));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "etcd has version 3.3.27: Sluice needs 3.4 or a newer one");
}

TEST_F(EtcdMediumTest, AnEtcdWithSmallTransactionsIsRefused) {
  etcd::testing::EtcdSetup setup;
  setup.flags = {"--max-txn-ops=64"};
  etcd::testing::EtcdProcesses small(setup);
  options_.endpoints = small.endpoints();
  const std::string trouble = member("one").trouble;
  EXPECT_NE(trouble.find("--max-txn-ops=128"), std::string::npos) << trouble;
}

TEST_F(EtcdMediumTest, AnEtcdThatDoesNotAnswerIsNamed) {
  options_.endpoints = {"127.0.0.1:1"};
  const auto opened = open_etcd_store(options_, 1, Logger());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
  EXPECT_NE(opened.error().message.find("127.0.0.1:1"), std::string::npos);
}

TEST_F(EtcdMediumTest, AMemberThatIsNotTheFirstTakesLater) {
  begin();
  EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  EXPECT_FALSE(two.store->status(kNs).owned);
  store().close();
  EXPECT_TRUE(owned_within(*two.store, 20s));
}

// --- The first lease ---------------------------------------------------------------------------

TEST_F(EtcdMediumTest, AStartAsksForAnotherLeaseIfTheFirstOneEnds) {
  const auto faults = std::make_shared<KvFaults>();
  faults->leases_that_end() = 2;
  opened_ = open_on_etcd({.etcd = options_}, cores_.count(), {}, faults);
  ASSERT_EQ(opened_.trouble, "");
  EXPECT_EQ(faults->leases_that_end(), 0);
  EXPECT_TRUE(store().health().empty()) << store().health();
  prepare();
  rival_ = std::make_unique<EtcdRival>(options_, faults);
  EXPECT_EQ(told("k", "1"), "durable");
}

TEST_F(EtcdMediumTest, AStartGivesUpIfEveryLeaseEnds) {
  const auto faults = std::make_shared<KvFaults>();
  faults->leases_that_end() = 1000;
  opened_ = open_on_etcd({.etcd = options_}, cores_.count(), {}, faults);
  EXPECT_NE(opened_.trouble.find("who revokes leases"), std::string::npos) << opened_.trouble;
}

}  // namespace
}  // namespace sluice::store
