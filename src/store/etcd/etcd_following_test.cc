// SPDX-License-Identifier: Apache-2.0
// Covers: observer.cc, questioner.cc
// Two members on a real etcd: one owns a namespace, the other follows it.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>

#include "store/etcd/testing/etcd_medium_fixture.h"
#include "store/testing/follower_reads.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class EtcdFollowingTest : public EtcdMediumTest {
 protected:
  // Opens "one", which owns the namespace, and "two", which never takes it by itself.
  void begin_both(std::size_t small_bulk_max = 1000, AskOwner ask_owner = {}) {
    options_.address = "127.0.0.1:1";
    begin(small_bulk_max);
    options_.ask_owner = std::move(ask_owner);
    two_ = member("two", small_bulk_max);
    ASSERT_EQ(two_.trouble, "");
    refusal_ = std::make_unique<KvFaults::Chosen>(*two_.faults, [](const pb::TxnRequest& txn) {
      return is_take(txn) ? KvFault::lost : KvFault::none;
    });
    ASSERT_TRUE(two_.store->prepare(kNs));
    ASSERT_TRUE(follows());
  }
  void let_two_take() { refusal_.reset(); }
  View& theirs() { return view_of(*two_.store); }
  // `view` changes meanwhile: each answer is of one moment.
  static bool is_owned_by(const View& view, std::string_view member) {
    const auto owner = view.owner();
    return owner && owner->member == member;
  }
  static bool i_own(const View& view) {
    const auto owner = view.owner();
    return owner && owner->me;
  }
  bool follows() {
    View& its = theirs();
    return cores_.on(0, [&] { return its.follows(); });
  }
  // What a run on the follower tells.
  std::string seen(const std::string& key) {
    View& its = theirs();
    return cores_.await(0, [&] { return told_value(its, key); });
  }
  // The same, before anybody is asked.
  std::string replica(const std::string& key) {
    View& its = theirs();
    return cores_.on(0, [&] { return get(its, key).value_or("absent"); });
  }
  std::string fate_of(const ExchangeId& id, Fence fence, Duration patience = 20s) {
    View& its = theirs();
    const auto fate = cores_.await(0, [&] { return its.fate_of(id, fence, in(patience)); });
    if (!fate) return fate.error().kind == ErrorKind::timed_out ? "not over" : "error";
    constexpr const char* kNames[] = {"not run", "written", "unknown"};
    return kNames[static_cast<std::size_t>(*fate)];
  }
  ExchangeId new_exchange() { return theirs().new_exchange(); }
  // The owner runs an exchange that "two" has handed over.
  void run_for_two(const ExchangeId& id, const std::string& key) {
    View& its = view();
    const Commit commit = cores_.on(0, [&] {
      Transaction t(its);
      t.put(key, "1");
      return its.commit(t, &id);
    });
    ASSERT_EQ(commit.status, CommitStatus::committed);
    ASSERT_EQ(fate(commit), "durable");
  }
  Fence fence() { return rival_->seq_of(kNs).fence; }

  EtcdStore two_;
  std::unique_ptr<KvFaults::Chosen> refusal_;
};

TEST_F(EtcdFollowingTest, AFollowerSeesWhatWasTold) {
  begin_both();
  EXPECT_EQ(seen("k"), "absent");
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(told("k", std::to_string(i)), "durable");
    ASSERT_EQ(seen("k"), std::to_string(i)) << "at once";
  }
  EXPECT_FALSE(two_.store->status(kNs).owned);
  EXPECT_EQ(two_.store->apply(kNs, {{"k", "1"}}).error().kind, ErrorKind::unavailable);
}

TEST_F(EtcdFollowingTest, AFollowerKnowsTheOwner) {
  begin_both();
  const auto known = theirs().owner();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->member, "one");
  EXPECT_EQ(known->address, "127.0.0.1:1");
  EXPECT_FALSE(known->me);
  EXPECT_TRUE(view().owner()->me);
  EXPECT_EQ(view().owner()->fence, known->fence);
  View& its = theirs();
  auto news = cores_.start(0, [&] { return its.owner_news(known, in(20s)); });
  let_two_take();
  opened_.medium->retire(kNs);
  EXPECT_TRUE(news.get());
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  ASSERT_TRUE(comes_true([&] { return i_own(theirs()); }));
  ASSERT_TRUE(comes_true([&] { return is_owned_by(view(), "two"); }));
}

TEST_F(EtcdFollowingTest, MembersChangePlaces) {
  begin_both();
  ASSERT_EQ(told("a", "1"), "durable");
  let_two_take();
  opened_.medium->retire(kNs);
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  View& its = theirs();
  const Commit commit = cores_.on(0, [&] { return sluice::store::put(its, "b", "2"); });
  ASSERT_EQ(fate_in(*two_.store, commit), "durable");
  View& mine = view();
  EXPECT_EQ(cores_.await(0, [&] { return told_value(mine, "b"); }), "2");
  EXPECT_EQ(cores_.await(0, [&] { return told_value(mine, "a"); }), "1");
  EXPECT_TRUE(cores_.on(0, [&] { return mine.follows(); }));
}

// It has not read the state again: a run that was at work goes on.
TEST_F(EtcdFollowingTest, AFollowerThatTakesGoesOnWithWhatItHas) {
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(seen("k"), "1");
  View& its = theirs();
  std::vector<Transaction> runs;
  cores_.on(0, [&] {
    runs.emplace_back(its);
    EXPECT_EQ(runs[0].get("k"), "1");
    runs[0].put("k", "2");
    EXPECT_EQ(its.commit(runs[0]).status, CommitStatus::not_owner);
  });
  let_two_take();
  opened_.medium->retire(kNs);
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  const Commit commit = cores_.on(0, [&] {
    const Commit made = its.commit(runs[0]);
    runs.clear();
    return made;
  });
  EXPECT_EQ(commit.status, CommitStatus::committed);
  EXPECT_EQ(fate_in(*two_.store, commit), "durable");
  EXPECT_EQ(value("k"), "2");
  EXPECT_EQ(rival_->seq_of(kNs).version, 2U);
}

TEST_F(EtcdFollowingTest, AFollowerThatIsBehindReadsTheStateWhenItTakes) {
  begin_both();
  two_.faults->refuse_watches(true);
  two_.faults->end_watches();
  ASSERT_EQ(told("k", "1"), "durable");
  EXPECT_EQ(replica("k"), "absent");
  let_two_take();
  opened_.medium->retire(kNs);
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  EXPECT_EQ(replica("k"), "1");
  two_.faults->refuse_watches(false);
}

TEST_F(EtcdFollowingTest, AWatchThatIsCutGoesOn) {
  begin_both();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(told("k", std::to_string(i)), "durable");
    two_.faults->end_watches();
    ASSERT_EQ(told("l", std::to_string(i)), "durable");
    EXPECT_EQ(seen("l"), std::to_string(i));
  }
}

TEST_F(EtcdFollowingTest, GroupsThatEtcdHasDiscardedAreReadAnew) {
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(seen("k"), "1");
  two_.faults->refuse_watches(true);
  two_.faults->end_watches();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(told("k" + std::to_string(i), "1"), "durable");
  rival_->compact();
  EXPECT_EQ(replica("k"), "1");
  two_.faults->refuse_watches(false);
  EXPECT_EQ(seen("k2"), "1");
  ASSERT_EQ(told("k", "2"), "durable");
  EXPECT_EQ(seen("k"), "2");
}

TEST_F(EtcdFollowingTest, ANewEpochIsFollowed) {
  begin_both(0);
  std::vector<Entry> many;
  for (int i = 0; i < 40; ++i) many.push_back({"id/" + std::to_string(i), "1"});
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(store().apply(kNs, many));
    EXPECT_EQ(seen("id/7"), "1");
    ASSERT_TRUE(store().erase_all(kNs, "id/7"));
    EXPECT_EQ(seen("id/7"), "absent");
    EXPECT_EQ(seen("id/8"), "1");
    ASSERT_EQ(told("k", std::to_string(round)), "durable");
    EXPECT_EQ(seen("k"), std::to_string(round));
  }
}

TEST_F(EtcdFollowingTest, WhatDoesNotFitIsNotFollowed) {
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(seen("k"), "1");
  const std::string key = rival_->keys().epoch(kNs, rival_->seq_of(kNs).epoch) + "k";
  rival_->put(key, "forged");
  ASSERT_EQ(told("l", "1"), "durable");
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(replica("k"), "1");
  EXPECT_EQ(replica("l"), "absent") << "the checksum is not that of the group";
  rival_->put(key, "1");
  EXPECT_EQ(seen("l"), "1");
}

TEST_F(EtcdFollowingTest, TheReplicaStaysReadableWithoutEtcd) {
  options_.owner_wait = 1s;
  etcd::testing::EtcdProcesses own;
  options_.endpoints = own.endpoints();
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(seen("k"), "1");
  own.signal(0, SIGKILL);
  View& its = theirs();
  auto moment = cores_.on(0, [&] { return its.moment(); });
  const auto unconfirmed = cores_.await(0, [&] { return its.confirmed(moment, 1, in(20s)); });
  ASSERT_FALSE(unconfirmed);
  EXPECT_EQ(unconfirmed.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(follows());
  EXPECT_EQ(replica("k"), "1");
  own.start(0);
  ASSERT_TRUE(comes_true([&] { return told("k", "2") == "durable"; }));
  EXPECT_EQ(seen("k"), "2");
}

// --- Questions ---------------------------------------------------------------------------------

TEST_F(EtcdFollowingTest, TheOwnerIsAskedFirst) {
  options_.read_permit = 60s;
  std::atomic<int> asked = 0;
  begin_both(1000,
             [&](const loop::Core&, const Owner& owner, const std::string& ns,
                 TimePoint) -> Task<Result<OwnerAnswer>> {
               ++asked;
               EXPECT_EQ(owner.member, "one");
               const auto sent = store().last_sent(ns);
               if (!sent) co_return fail(ErrorKind::unavailable, "it may not say");
               co_return *sent;
             });
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(told("k", std::to_string(i)), "durable");
    EXPECT_EQ(seen("k"), std::to_string(i));
  }
  EXPECT_GE(asked, 5);
  EXPECT_EQ(store().last_sent(kNs), (OwnerAnswer{5, false}));
  let_two_take();
  opened_.medium->retire(kNs);
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  EXPECT_EQ(store().last_sent(kNs), std::nullopt);
}

// A follower may see a group before its owner knows the outcome, and tell it.
TEST_F(EtcdFollowingTest, TheOwnerAnswersWhatItHasSentAndNotWhatIsDurable) {
  options_.read_permit = 60s;
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(store().last_sent(kNs), (OwnerAnswer{1, false}));
  std::atomic<bool> deaf = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && deaf ? KvFault::answer_lost : KvFault::none;
  });
  const Commit commit = put("k", "2");
  ASSERT_TRUE(comes_true([&] { return replica("k") == "2"; }));
  EXPECT_EQ(seen("k"), "2");
  View& its = view();
  EXPECT_FALSE(cores_.on(0, [&] { return its.is_durable(commit.version); }));
  EXPECT_EQ(store().last_sent(kNs), (OwnerAnswer{2, false}));
  deaf = false;
  EXPECT_EQ(fate(commit), "durable");
}

TEST_F(EtcdFollowingTest, AnOwnerThatDoesNotAnswerIsNotWaitedFor) {
  begin_both(1000,
             [](const loop::Core& core, const Owner&, const std::string&,
                TimePoint) -> Task<Result<OwnerAnswer>> {
               co_await core.loop.sleep_for(60s);
               co_return OwnerAnswer();
             });
  ASSERT_EQ(told("k", "1"), "durable");
  const TimePoint begin = Clock::now();
  EXPECT_EQ(seen("k"), "1");
  EXPECT_LT(Clock::now() - begin, 20s);
}

// The connection to an owner far away takes longer than a question waits.
TEST_F(EtcdFollowingTest, AQuestionToTheOwnerGoesOnWhenEtcdHasAnswered) {
  std::atomic<int> asked = 0;
  std::atomic<int> answered = 0;
  begin_both(1000,
             [&](const loop::Core& core, const Owner&, const std::string&,
                 TimePoint) -> Task<Result<OwnerAnswer>> {
               ++asked;
               co_await core.loop.sleep_for(300ms);
               ++answered;
               co_return OwnerAnswer{.version = 1};
             });
  ASSERT_EQ(told("k", "1"), "durable");
  EXPECT_EQ(seen("k"), "1");
  EXPECT_TRUE(comes_true([&] { return answered > 0; })) << asked << " questions";
}

TEST_F(EtcdFollowingTest, AnOwnerThatDoesNotAnswerHasFewQuestions) {
  std::atomic<int> asking = 0;
  std::atomic<int> most = 0;
  struct Asking {
    std::atomic<int>& number;
    ~Asking() { --number; }
  };
  begin_both(1000,
             [&](const loop::Core& core, const Owner&, const std::string&,
                 TimePoint) -> Task<Result<OwnerAnswer>> {
               most = std::max<int>(most, ++asking);
               const Asking here{asking};
               co_await core.loop.sleep_for(60s);
               co_return OwnerAnswer();
             });
  ASSERT_EQ(told("k", "1"), "durable");
  for (int i = 0; i < 12; ++i) EXPECT_EQ(seen("k"), "1");
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 8);
  two_.store.reset();
  EXPECT_EQ(asking, 0);
}

// --- Exchanges that were handed over -----------------------------------------------------------

TEST_F(EtcdFollowingTest, TheGroupsNameTheirExchanges) {
  begin_both();
  const ExchangeId id = new_exchange();
  run_for_two(id, "k");
  EXPECT_EQ(rival_->seq_of(kNs).exchanges, std::vector<ExchangeId>{id});
  ASSERT_EQ(told("k", "2"), "durable");
  EXPECT_TRUE(rival_->seq_of(kNs).exchanges.empty());
}

TEST_F(EtcdFollowingTest, TheFateOfAnExchangeIsKnownAfterItsOwner) {
  begin_both();
  const ExchangeId written = new_exchange();
  const ExchangeId never = new_exchange();
  run_for_two(written, "k");
  const Fence its = fence();
  EXPECT_EQ(fate_of(never, its, 50ms), "not over");
  rival_->take(kNs, Learns::by_news);
  EXPECT_EQ(fate_of(written, its), "written");
  EXPECT_EQ(fate_of(never, its), "not run");
}

TEST_F(EtcdFollowingTest, TheFateIsKnownToTheNextOwner) {
  begin_both();
  const ExchangeId written = new_exchange();
  const ExchangeId never = new_exchange();
  run_for_two(written, "k");
  const Fence its = fence();
  two_.faults->hold_watches();
  const ExchangeId late = new_exchange();
  run_for_two(late, "l");
  let_two_take();
  opened_.medium->retire(kNs);
  two_.faults->release_watches();
  EXPECT_EQ(fate_of(late, its), "written");
  EXPECT_EQ(fate_of(written, its), "written");
  EXPECT_EQ(fate_of(never, its), "not run");
  ASSERT_TRUE(owned_within(*two_.store, 20s));
  EXPECT_EQ(fate_of(never, its), "not run");
}

TEST_F(EtcdFollowingTest, ANewEpochHidesNoExchange) {
  begin_both(0);
  const ExchangeId written = new_exchange();
  const ExchangeId never = new_exchange();
  run_for_two(written, "k");
  ASSERT_TRUE(store().apply(kNs, std::vector<Entry>(40, Entry{"id", "1"})));
  ASSERT_EQ(seen("id"), "1");
  const Fence its = fence();
  rival_->take(kNs, Learns::by_news);
  EXPECT_EQ(fate_of(written, its), "written");
  EXPECT_EQ(fate_of(never, its), "not run");
}

// Otherwise the follower would miss a write of the group.
TEST_F(EtcdFollowingTest, AnEraseOfNothingIsNoGap) {
  begin_both();
  const ExchangeId never = new_exchange();
  ASSERT_EQ(told("k", "1"), "durable");
  View& its = view();
  const Commit commit = cores_.on(0, [&] {
    Transaction t(its);
    t.erase("absent");
    t.put("k", "2");
    return its.commit(t);
  });
  ASSERT_EQ(fate(commit), "durable");
  ASSERT_TRUE(store().erase(kNs, "absent"));
  ASSERT_EQ(told("k", "3"), "durable");
  ASSERT_EQ(seen("k"), "3");
  const Fence now = fence();
  rival_->take(kNs, Learns::by_news);
  EXPECT_EQ(fate_of(never, now), "not run");
}

// Its first try to own has used up the state that it has followed.
TEST_F(EtcdFollowingTest, AMemberThatTookInVainFollowsAgain) {
  begin_both();
  ASSERT_EQ(told("k", "1"), "durable");
  ASSERT_EQ(seen("k"), "1");
  two_.faults->refuse_reads("/seq");
  let_two_take();
  opened_.medium->retire(kNs);
  ASSERT_TRUE(comes_true([&] { return i_own(theirs()); }));
  const int before = two_.faults->reads_refused();
  ASSERT_TRUE(comes_true([&] { return two_.faults->reads_refused() > before + 1; }));
  rival_->take(kNs, Learns::by_news);
  ASSERT_TRUE(comes_true([&] { return !i_own(theirs()); }));
  two_.faults->refuse_reads("");
  rival_->change(kNs, [](auto& entries) { entries["k"] = "2"; });
  EXPECT_EQ(seen("k"), "2");
}

// Hears ends only.
class EndHeard final : public Audience {
 public:
  void on_group(const std::string&, Following, SeenGroup) override {}
  void on_end(const std::string&, Following following, bool) override { ended = following; }
  void on_outlook(const std::string&) override {}
  std::atomic<Following> ended = 0;
};

// A take comes between the reading of the state and the begin of its watch.
TEST_F(EtcdFollowingTest, AnEndBeforeTheWatchIsTold) {
  begin_both();
  EndHeard heard;
  EtcdMedium::Options options;
  options.etcd = options_;
  options.etcd.member = "three";
  const auto medium = EtcdMedium::open(std::move(options));
  ASSERT_TRUE(medium) << medium.error().message;
  (*medium)->attend(heard);
  const auto taken = (*medium)->acquire(
      kNs, std::make_shared<Outlook>(std::make_shared<ExchangeNames>((*medium)->incarnation())));
  ASSERT_TRUE(taken && !*taken) << "the other one owns it";
  const auto followed =
      (*medium)->follow(kNs, TimePoint::max(), [](std::string_view, std::string_view) {});
  ASSERT_TRUE(followed);
  (*medium)->stop_following(kNs, fence() + 1);
  EXPECT_EQ(heard.ended.load(), 0U);
  (*medium)->listen(kNs, followed->following);
  EXPECT_EQ(heard.ended.load(), followed->following);
}

TEST_F(EtcdFollowingTest, AfterMissedGroupsTheFateIsUnknown) {
  begin_both();
  const ExchangeId missed = new_exchange();
  const ExchangeId never = new_exchange();
  two_.faults->refuse_watches(true);
  two_.faults->end_watches();
  run_for_two(missed, "k");
  ASSERT_EQ(told("l", "1"), "durable");
  rival_->compact();
  two_.faults->refuse_watches(false);
  ASSERT_EQ(seen("k"), "1");
  const ExchangeId later = new_exchange();
  const Fence its = fence();
  rival_->take(kNs, Learns::by_news);
  EXPECT_EQ(fate_of(missed, its), "unknown");
  EXPECT_EQ(fate_of(never, its), "unknown");
  EXPECT_EQ(fate_of(later, its), "not run");
}

}  // namespace
}  // namespace sluice::store
