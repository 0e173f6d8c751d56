// SPDX-License-Identifier: Apache-2.0
// Covers: chain_view_following.cc, chain_store_shared.cc, outlook.cc
// Reads of a store that follows another process. The other process is played in memory, and what it
// writes comes late.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/chain_store.h"
#include "store/testing/contested_medium.h"
#include "store/testing/follower_reads.h"
#include "store/testing/rival.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFollowed = "p/f";

class FollowingTest : public testing::Test {
 protected:
  void SetUp() override {
    auto medium = std::make_unique<ContestedMedium>(true);
    medium_ = medium.get();
    store_ = std::make_unique<ChainStore>(std::move(medium), cores_.count(), Logger(), Limits());
    medium_->take(kFollowed, Contest::Learns::by_news);
    ASSERT_TRUE(store_->prepare(kFollowed));
    for (unsigned i = 0; i < cores_.count(); ++i) {
      views_.push_back(
          &cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), kFollowed); }));
    }
    ASSERT_TRUE(cores_.on(0, [&] { return views_[0]->follows(); }));
  }
  void change(const std::string& key, const std::string& value) {
    (void)medium_->change(kFollowed, [&](Contest::Entries& entries) { entries[key] = value; });
  }
  std::string told(unsigned core, const std::string& key) {
    return cores_.await(core, [&] { return told_value(*views_[core], key); });
  }
  // A run that reads `key`.
  Commit read(unsigned core, const std::string& key) {
    return cores_.on(core, [&] {
      Transaction t(*views_[core]);
      (void)t.get(key);
      return views_[core]->commit(t);
    });
  }
  View::Moment moment(unsigned core) {
    return cores_.on(core, [&] { return views_[core]->moment(); });
  }
  Result<void> confirmed(unsigned core, View::Moment& moment, Version version,
                         Duration patience = 20s) {
    return cores_.await(core,
                        [&] { return views_[core]->confirmed(moment, version, in(patience)); });
  }
  TestCores cores_{2};
  std::unique_ptr<Store> store_;
  ContestedMedium* medium_ = nullptr;
  std::vector<View*> views_;
};

TEST_F(FollowingTest, AFollowerReadsWhatTheOwnerHasWritten) {
  EXPECT_EQ(told(0, "k"), "absent");
  change("k", "1");
  EXPECT_EQ(told(0, "k"), "1");
  change("k", "2");
  EXPECT_EQ(told(1, "k"), "2");
  const auto status = store_->status(kFollowed);
  EXPECT_FALSE(status.owned);
  EXPECT_EQ(status.keys, 1U);
  EXPECT_EQ(status.durable, 2U);
}

TEST_F(FollowingTest, AFollowerDoesNotWrite) {
  cores_.on(0, [&] {
    EXPECT_FALSE(views_[0]->owned());
    EXPECT_EQ(put(*views_[0], "k", "1").status, CommitStatus::not_owner);
  });
  EXPECT_EQ(store_->apply(kFollowed, {{"k", "1"}}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->erase_all(kFollowed, "").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(told(0, "k"), "absent");
}

// In a hot restart, all requests wait for prepare().
TEST_F(FollowingTest, ANamespaceThatTakesLongToReadIsFollowedLater) {
  constexpr const char* kLarge = "p/large";
  medium_->hold_follows();
  medium_->take(kLarge, Contest::Learns::by_news);
  (void)medium_->change(kLarge, [](Contest::Entries& entries) { entries["k"] = "1"; });
  ASSERT_TRUE(store_->prepare(kLarge));
  View& view = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), kLarge); });
  const auto can_read = [&] { return cores_.on(0, [&] { return view.follows(); }); };
  EXPECT_FALSE(can_read());
  cores_.on(0, [&] {
    EXPECT_FALSE(view.owned());
    EXPECT_EQ(put(view, "k", "2").status, CommitStatus::not_owner);
    ASSERT_NE(view.owner(), nullptr) << "to hand over to";
  });
  auto follows = cores_.start(0, [&] { return view.owner_news(view.owner(), in(20s)); });
  medium_->release_follows();
  EXPECT_TRUE(follows.get());
  EXPECT_TRUE(can_read());
  EXPECT_EQ(cores_.await(0, [&] { return told_value(view, "k"); }), "1");
}

// The run is told no before it has seen what is on its way.
TEST_F(FollowingTest, AReadThatIsTooOldRunsAgain) {
  medium_->hide_groups();
  change("k", "1");
  View::Moment its = moment(0);
  const Commit old = read(0, "k");
  ASSERT_EQ(old.status, CommitStatus::committed);
  auto waits = cores_.start(0, [&] { return views_[0]->confirmed(its, old.version, in(20s)); });
  while (medium_->answers() == 0) std::this_thread::yield();
  EXPECT_EQ(waits.wait_for(20ms), std::future_status::timeout) << "the group has not come";
  medium_->show_groups();
  const auto verdict = waits.get();
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, ErrorKind::conflict);
  const int answers = medium_->answers();
  const Commit again = read(0, "k");
  EXPECT_TRUE(cores_.on(0, [&] { return views_[0]->is_confirmed(its, again.version); }));
  EXPECT_TRUE(confirmed(0, its, again.version));
  EXPECT_EQ(medium_->answers(), answers) << "the answer is kept in the moment";
}

TEST_F(FollowingTest, AnAnswerFromBeforeTheArrivalDoesNotCount) {
  View::Moment first = moment(0);
  EXPECT_TRUE(confirmed(0, first, read(0, "k").version));
  medium_->hide_groups();
  change("k", "1");
  View::Moment second = moment(0);
  const Commit old = read(0, "k");
  EXPECT_FALSE(cores_.on(0, [&] { return views_[0]->is_confirmed(second, old.version); }));
  EXPECT_EQ(confirmed(0, second, old.version, 50ms).error().kind, ErrorKind::timed_out);
}

TEST_F(FollowingTest, ARunThatHasReadNothingNeedsNoAnswer) {
  medium_->set_mute(true);
  const Commit nothing = cores_.on(0, [&] {
    Transaction t(*views_[0]);
    return views_[0]->commit(t);
  });
  View::Moment its = moment(0);
  EXPECT_TRUE(cores_.on(0, [&] { return views_[0]->is_confirmed(its, nothing.version); }));
  EXPECT_EQ(medium_->answers(), 0);
}

// The caller decides whether it serves what it knows.
TEST_F(FollowingTest, WithoutAnAnswerTheReplicaStaysReadable) {
  change("k", "1");
  medium_->set_mute(true);
  View::Moment its = moment(0);
  const Commit commit = read(0, "k");
  EXPECT_EQ(commit.status, CommitStatus::committed);
  EXPECT_EQ(confirmed(0, its, commit.version).error().kind, ErrorKind::unavailable);
  cores_.on(0, [&] {
    EXPECT_TRUE(views_[0]->follows());
    EXPECT_EQ(get(*views_[0], "k"), "1");
  });
  medium_->set_mute(false);
  EXPECT_EQ(told(0, "k"), "1");
}

// Of an owner that has sent a version and could never write it.
TEST_F(FollowingTest, AnAnswerThatDoesNotComeTrueIsDoubted) {
  change("k", "1");
  medium_->exaggerate(1);
  EXPECT_EQ(told(0, "k"), "1");
  EXPECT_GE(medium_->answers(), 2);
}

TEST_F(FollowingTest, ReadsGoOnWhenAFollowingEndsAndAnotherBegins) {
  change("k", "1");
  Version before = read(0, "k").version;
  for (int i = 2; i < 6; ++i) {
    medium_->lose_sight(kFollowed);
    change("k", std::to_string(i));
    EXPECT_EQ(told(i % 2, "k"), std::to_string(i));
    EXPECT_TRUE(cores_.on(0, [&] { return views_[0]->is_durable(before); }));
    View::Moment its = moment(0);
    const Commit now = read(0, "k");
    EXPECT_GT(now.version, before) << "no version comes twice";
    (void)confirmed(0, its, now.version);
    before = now.version;
  }
}

TEST_F(FollowingTest, AFollowerBecomesAnOwnerAndAFollowerAgain) {
  for (int round = 0; round < 4; ++round) {
    const std::string number = std::to_string(round);
    change("theirs", number);
    const Commit followed = read(0, "theirs");
    View::Moment its = moment(0);
    medium_->give(kFollowed);
    ASSERT_TRUE(cores_.await(0, [&] { return views_[0]->ownership(in(20s)); }));
    EXPECT_TRUE(cores_.on(0, [&] { return views_[0]->is_durable(followed.version); }));
    EXPECT_EQ(confirmed(0, its, followed.version).error().kind, ErrorKind::lost);
    const Commit mine = cores_.on(0, [&] {
      EXPECT_FALSE(views_[0]->follows());
      EXPECT_EQ(get(*views_[0], "theirs"), number);
      return put(*views_[0], "ours", number);
    });
    EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->durable(mine.version, in(20s)); }));
    const auto known = cores_.on(0, [&] { return views_[0]->owner(); });
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->me);
    medium_->take(kFollowed, Contest::Learns::by_news);
    EXPECT_EQ(told(0, "ours"), number);
    EXPECT_EQ(cores_.on(0, [&] { return views_[0]->owner()->member; }), "rival");
  }
}

TEST_F(FollowingTest, OwnerNewsComeToEveryCore) {
  const auto known = views_[0]->owner();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->member, "rival");
  EXPECT_EQ(cores_.await(0, [&] { return views_[0]->owner_news(known, in(1ms)); }).error().kind,
            ErrorKind::timed_out);
  std::vector<std::future<Result<void>>> waits;
  for (unsigned core = 0; core < cores_.count(); ++core) {
    waits.push_back(
        cores_.start(core, [&, core] { return views_[core]->owner_news(known, in(20s)); }));
  }
  medium_->give(kFollowed);
  for (auto& wait : waits) EXPECT_TRUE(wait.get());
  ASSERT_TRUE(cores_.await(1, [&] { return views_[1]->ownership(in(20s)); }));
  EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->owner_news(known, in(20s)); }))
      << "it has changed before";
}

TEST_F(FollowingTest, AnOwnerAnswersWhatItHasSent) {
  EXPECT_EQ(cores_.await(0, [&] { return views_[0]->last_sent(in(20s)); }).error().kind,
            ErrorKind::lost);
  change("k", "1");
  medium_->give(kFollowed);
  ASSERT_TRUE(cores_.await(0, [&] { return views_[0]->ownership(in(20s)); }));
  EXPECT_EQ(cores_.await(0, [&] { return views_[0]->last_sent(in(20s)); }),
            (OwnerAnswer{1, false}));
  EXPECT_EQ(store_->last_sent(kFollowed), std::nullopt) << "without a permit";
  medium_->hold_writes();
  const Commit mine = cores_.on(0, [&] { return put(*views_[0], "ours", "1"); });
  medium_->wait_for_write();
  EXPECT_FALSE(cores_.on(0, [&] { return views_[0]->is_durable(mine.version); }));
  auto answer = cores_.start(0, [&] { return views_[0]->last_sent(in(20s)); });
  medium_->release_writes();
  EXPECT_EQ(answer.get(), (OwnerAnswer{2, false})) << "somebody may have been told of it";
}

TEST_F(FollowingTest, ManyRunsShareAQuestion) {
  const int before = medium_->answers();
  cores_.on(0, [&] {
    std::vector<View::Moment> moments(100, views_[0]->moment());
    Transaction t(*views_[0]);
    (void)t.get("k");
    const Commit commit = views_[0]->commit(t);
    for (View::Moment& its : moments) {
      auto asked = views_[0]->confirmed(its, commit.version, in(20s));
      asked.start();
      EXPECT_TRUE(asked.done());
    }
  });
  EXPECT_EQ(medium_->answers(), before + 1);
}

TEST(Outlook, KnowsTheFatesOfExchanges) {
  const auto names = std::make_shared<ExchangeNames>(RandomId::make());
  Outlook outlook(names);
  using Fate = View::ExchangeFate;
  const ExchangeId early = names->next();
  outlook.note_gap();
  const ExchangeId first = names->next();
  const ExchangeId second = names->next();
  ExchangeId foreign = second;
  foreign.incarnation = RandomId::make();
  const std::vector<ExchangeId> group{first, foreign};
  outlook.note_written(group);
  EXPECT_EQ(outlook.fate(first), Fate::written);
  EXPECT_EQ(outlook.fate(second), Fate::not_run);
  EXPECT_EQ(outlook.fate(early), Fate::unknown);
  EXPECT_EQ(outlook.fate(foreign), Fate::unknown);
  outlook.note_gap();
  EXPECT_EQ(outlook.fate(first), Fate::written) << "it was seen";
  EXPECT_EQ(outlook.fate(second), Fate::unknown);
}

TEST(Outlook, ForgetsTheOldestExchanges) {
  const auto names = std::make_shared<ExchangeNames>(RandomId::make());
  Outlook outlook(names);
  const ExchangeId never = names->next();
  const ExchangeId first = names->next();
  std::vector<ExchangeId> all{first};
  while (all.size() <= Outlook::kExchangesKept) all.push_back(names->next());
  outlook.note_written(all);
  EXPECT_EQ(outlook.fate(first), View::ExchangeFate::unknown);
  EXPECT_EQ(outlook.fate(never), View::ExchangeFate::unknown);
  EXPECT_EQ(outlook.fate(all.back()), View::ExchangeFate::written);
  EXPECT_EQ(outlook.fate(names->next()), View::ExchangeFate::not_run);
}

// --- Histories ---------------------------------------------------------------------------------

// Hides what the other process writes, for a moment at a time.
class Fog {
 public:
  explicit Fog(ContestedMedium& medium) : medium_(medium) {
    thread_ = std::thread([this] {
      while (!stop_) {
        medium_.hide_groups();
        std::this_thread::sleep_for(1ms);
        medium_.show_groups();
        std::this_thread::sleep_for(300us);
      }
    });
  }
  ~Fog() {
    stop_ = true;
    thread_.join();
  }
  Fog(const Fog&) = delete;
  Fog& operator=(const Fog&) = delete;

 private:
  ContestedMedium& medium_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct FollowedScore {
  int told = 0;
  int followed = 0;
};

// Writers and readers on a store that owns the namespace at times, and follows at others.
template <class Rules = ReadRules>
std::string judge_following(unsigned seed, FollowedScore& score, bool halves = false) {
  TestCores cores{3};
  auto owned = std::make_unique<ContestedMedium>(true);
  ContestedMedium& medium = *owned;
  Limits limits;
  limits.keys_counted_at_once = 2;
  const auto store =
      std::make_unique<ChainStore>(std::move(owned), cores.count(), Logger(), limits);
  if (!store->prepare(Player::kNs)) return "the store does not open";
  medium.set_halves(halves);
  ToldHistory history;
  Player player(cores, *store, history);
  Readers readers(cores, *store, history, player.clock());
  OwnerAccess::Tally tally;
  {
    const Fog fog(medium);
    const Rival rival(medium, player.clock(), history, seed, {.pause_max = 6ms, .whole = 500us});
    readers.start(seed, [] { return std::make_unique<Rules>(); });
    player.play({.seed = seed, .streams_per_core = 2, .programs_per_stream = 60, .one_in_waits = 1},
                [&](View& view) { return std::make_unique<OwnerAccess>(view, tally); });
    readers.stop_after(100);
  }
  score.told += readers.told();
  score.followed += readers.followed();
  return Checker(history.take()).check();
}

TEST(Following, EveryHistoryIsStrictlySerializable) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  FollowedScore score;
  for (unsigned round = 0; round < rounds(4); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge_following(seed, score), "") << "SLUICE_SEED=" << seed;
  }
  EXPECT_GE(score.followed, 100);
  std::printf("%d told, %d of them by a follower\n", score.told, score.followed);
}

// Tells reads without a question.
class AsksNobody final : public ReadRules {
 public:
  Task<Result<void>> confirmed(View& view, View::Moment& moment, Version version,
                               TimePoint deadline) override {
    if (!view.follows()) co_return co_await ReadRules::confirmed(view, moment, version, deadline);
    co_return Result<void>();
  }
};

// Takes the answer to a question that was asked before the request arrived.
class AskedBefore final : public ReadRules {
 public:
  View::Moment moment(View& view) override {
    if (!view.follows()) return view.moment();
    if (runs_++ % 20 == 0) kept_ = view.moment();
    return kept_;
  }

 private:
  View::Moment kept_;
  int runs_ = 0;
};

template <class Rules>
std::string first_fault_of_a_follower(bool halves = false) {
  FollowedScore score;
  for (unsigned round = 0; round < 30; ++round) {
    auto fault = judge_following<Rules>(first_seed() + round, score, halves);
    if (!fault.empty()) return fault;
  }
  return "none";
}

TEST(FollowingCanary, AReadWithoutAQuestion) {
  EXPECT_EQ(first_fault_of_a_follower<AsksNobody>().find("time: a run that only read"), 0U);
}
TEST(FollowingCanary, AQuestionFromBeforeTheArrival) {
  EXPECT_EQ(first_fault_of_a_follower<AskedBefore>().find("time: a run that only read"), 0U);
}
TEST(FollowingCanary, HalfAGroup) { EXPECT_NE(first_fault_of_a_follower<ReadRules>(true), "none"); }

}  // namespace
}  // namespace sluice::store
