// SPDX-License-Identifier: Apache-2.0
// Covers: chain_tenure.cc, chain_view_tenure.cc
// A store that shares its medium with another process: random histories of both are strictly
// serializable, and the checker finds the faults of runs that break a rule on purpose.
#include <gtest/gtest.h>

#include <thread>

#include "store/chain_store.h"
#include "store/etcd/testing/etcd_rival.h"
#include "store/etcd/testing/etcd_under_test.h"
#include "store/testing/conformance_ownership.h"
#include "store/testing/contested_medium.h"
#include "store/testing/rival.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

struct Shared {
  std::unique_ptr<Store> store;
  ContestedMedium* medium = nullptr;
};

Shared open_shared(unsigned cores, const Limits& limits, bool follows = false) {
  auto medium = std::make_unique<ContestedMedium>(follows);
  ContestedMedium* const its = medium.get();
  return {std::make_unique<ChainStore>(std::move(medium), cores, Logger(), limits), its};
}

SharedBackend contested_by_a_rival(const std::string& name, bool follows) {
  return {name,
          [follows](unsigned cores, const Limits& limits) {
            auto shared = open_shared(cores, limits, follows);
            return SharedBackend::Opened{std::move(shared.store), shared.medium, nullptr};
          },
          follows};
}

struct SharedEtcd {
  std::shared_ptr<EtcdRival> rival;
  EtcdStore opened;
};

SharedEtcd open_shared_etcd(unsigned cores, const Limits& limits, Duration permit,
                            std::size_t small = 1000) {
  SharedEtcd shared;
  EtcdMedium::Options options;
  options.etcd = new_cluster();
  options.etcd.read_permit = permit;
  options.small_bulk_max = small;
  shared.opened = open_on_etcd(options, cores, limits);
  EXPECT_EQ(shared.opened.trouble, "");
  shared.rival = std::make_shared<EtcdRival>(options.etcd, shared.opened.faults);
  return shared;
}

SharedBackend on_etcd_with_a_rival(const std::string& name, Duration permit, std::size_t small) {
  return {name,
          [permit, small](unsigned cores, const Limits& limits) {
            auto shared = open_shared_etcd(cores, limits, permit, small);
            return SharedBackend::Opened{std::move(shared.opened.store), shared.rival.get(),
                                         shared.rival};
          },
          true};
}

INSTANTIATE_TEST_SUITE_P(Media, SharedConformance,
                         testing::Values(contested_by_a_rival("contested", false),
                                         contested_by_a_rival("followed", true),
                                         on_etcd_with_a_rival("etcd", Duration(), 1000),
                                         on_etcd_with_a_rival("etcd_epochs", Duration(), 0)),
                         [](const auto& backend) { return backend.param.name; });

Limits small() {
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  return limits;
}

template <class Its>
std::string judge_history(TestCores& cores, Store& store, Contest& contest, const Score& score,
                          OwnerAccess::Tally& tally, Rival::Pace pace) {
  if (!store.prepare(Player::kNs)) return "the store does not open";
  ToldHistory history;
  Player player(cores, store, history);
  {
    const Rival rival(contest, player.clock(), history, score.seed, pace);
    player.play(score, [&](View& view) { return std::make_unique<Its>(view, tally); });
  }
  Checker checker(history.take());
  std::string fault = checker.check();
  Entries end;
  (void)store.scan(Player::kNs, "", [&](std::string_view key, std::string_view value) {
    return end.emplace(key, value).second;
  });
  if (fault.empty() && end != checker.end()) fault = "end: the listing differs";
  return fault;
}

template <class Its = OwnerAccess>
std::string judge_ownership(const Score& score, OwnerAccess::Tally& tally) {
  TestCores cores{3};
  const auto shared = open_shared(cores.count(), small());
  return judge_history<Its>(cores, *shared.store, *shared.medium, score, tally, {});
}

// Further rounds follow until a rival has taken something away: a quick one may end before.
bool goes_on(unsigned round, unsigned usual, const OwnerAccess::Tally& tally) {
  return round < usual || (tally.lost == 0 && round < 20 * usual);
}

TEST(Ownership, EveryHistoryOfTwoProcessesIsStrictlySerializable) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  OwnerAccess::Tally tally;
  for (unsigned round = 0; goes_on(round, rounds(6), tally); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge_ownership({.seed = seed, .one_in_waits = 1}, tally), "")
        << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.lost, 0);
  EXPECT_GT(tally.told, 1000);
  std::printf("%d told, %d lost\n", tally.told.load(), tally.lost.load());
}

TEST(Ownership, AlsoWhileAdministrationChangesManyKeys) {
  OwnerAccess::Tally tally;
  for (unsigned round = 0; goes_on(round, rounds(6), tally); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge_ownership({.seed = seed, .one_in_waits = 1, .changes = 60}, tally), "")
        << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.lost, 0);
}

// A read permit that is as long as an ownership, and none; large bulk changes by epochs, too.
TEST(Ownership, EveryHistoryOfTwoMembersOnEtcdIsStrictlySerializable) {
  OwnerAccess::Tally tally;
  for (unsigned round = 0; goes_on(round, rounds(4), tally); ++round) {
    const unsigned seed = first_seed() + round;
    TestCores cores{3};
    const Duration permit = round % 2 == 0 ? Duration() : 30ms;
    const auto shared = open_shared_etcd(cores.count(), small(), permit, round % 4 < 2 ? 1000 : 0);
    const Score score{.seed = seed,
                      .streams_per_core = 4,
                      .programs_per_stream = 60,
                      .one_in_waits = 1,
                      .changes = round % 4 == 0 ? 0U : 30U};
    ASSERT_EQ(judge_history<OwnerAccess>(cores, *shared.opened.store, *shared.rival, score, tally,
                                         Rival::Pace{.pause_max = 40ms, .whole = 80ms}),
              "")
        << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.lost, 0);
  EXPECT_GT(tally.told, 1000);
  std::printf("%d told, %d lost\n", tally.told.load(), tally.lost.load());
}

// --- Canaries ----------------------------------------------------------------------------------

class NeverConfirms final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  void begin(bool /*read_only*/) override { read_only_ = false; }
};

// Accepts a confirmation that is older than the run.
class ConfirmsOnceForMany final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  void begin(bool read_only) override {
    const View::Moment before = moment_;
    OwnerAccess::begin(read_only);
    if (before.fence == moment_.fence && runs_++ % 20 != 0) moment_ = before;
  }

 private:
  int runs_ = 0;
};

class TellsWhatIsLost final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  Task<bool> durable(Version version) override {
    const auto told = co_await view_.durable(version, in(60s));
    co_return told || told.error().kind == ErrorKind::lost;
  }
};

// Tells reads of commits that are lost.
class IgnoresWhatItDependsOn final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  Task<bool> durable(Version version) override {
    if (!read_only_) return OwnerAccess::durable(version);
    return OwnerAccess::durable(0);
  }
};

// Takes durable runs for lost ones, so others see effects of runs that did not happen.
class CallsADurableRunLost final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  Task<bool> durable(Version version) override {
    const bool told = co_await OwnerAccess::durable(version);
    co_return told && (read_only_ || ++runs_ % 10 != 0);
  }

 private:
  int runs_ = 0;
};

template <class Broken>
std::string first_ownership_fault() {
  OwnerAccess::Tally tally;
  for (unsigned round = 0; round < 50; ++round) {
    auto fault = judge_ownership<Broken>({.seed = first_seed() + round, .one_in_waits = 1}, tally);
    if (!fault.empty()) return fault;
  }
  return "none";
}

TEST(OwnershipCanary, AReadThatNobodyConfirms) {
  EXPECT_EQ(first_ownership_fault<NeverConfirms>().find("time: a run that only read"), 0U);
}
TEST(OwnershipCanary, AReadConfirmedBeforeItBegan) {
  EXPECT_EQ(first_ownership_fault<ConfirmsOnceForMany>().find("time: a run that only read"), 0U);
}
TEST(OwnershipCanary, ALostRunThatIsTold) {
  EXPECT_EQ(first_ownership_fault<TellsWhatIsLost>().find("serial: version"), 0U);
}
TEST(OwnershipCanary, ADurableRunThatIsCalledLost) {
  EXPECT_NE(first_ownership_fault<CallsADurableRunLost>(), "none");
}
TEST(OwnershipCanary, AReadOfALostRun) {
  EXPECT_NE(first_ownership_fault<IgnoresWhatItDependsOn>(), "none");
}

// --- Cases that the conformance suite cannot arrange
// -----------------------------------------------

// The journal works on its own thread.
template <class Condition>
bool comes_true(const Condition& condition) {
  const TimePoint end = in(20s);
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class OwnershipTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_shared(cores_.count(), {});
    medium_ = opened.medium;
    store_ = std::move(opened.store);
    ASSERT_TRUE(store_->prepare("p/f"));
    for (unsigned i = 0; i < cores_.count(); ++i) {
      views_.push_back(
          &cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), "p/f"); }));
    }
  }
  TestCores cores_{2};
  std::unique_ptr<Store> store_;
  ContestedMedium* medium_ = nullptr;
  std::vector<View*> views_;
};

// Runs that ask while a question is under way share the next one.
TEST_F(OwnershipTest, ManyRunsShareAQuestion) {
  const auto ask = [&]() -> Task<Result<void>> {
    View::Moment moment = views_[0]->moment();
    co_return co_await views_[0]->confirmed(moment, 0, in(20s));
  };
  std::vector<std::future<Result<void>>> waits;
  medium_->hold_writes();
  waits.push_back(cores_.start(0, ask));
  medium_->wait_for_write();
  for (int i = 0; i < 1000; ++i) waits.push_back(cores_.start(0, ask));
  cores_.on(0, [] {});  // all have asked
  medium_->release_writes();
  for (auto& wait : waits) EXPECT_TRUE(wait.get());
  EXPECT_EQ(medium_->questions(), 2);
}

TEST_F(OwnershipTest, NoAnswerIsNoLoss) {
  medium_->set_broken(true);
  auto moment = cores_.on(0, [&] { return views_[0]->moment(); });
  const auto unanswered = cores_.await(0, [&] { return views_[0]->confirmed(moment, 0, in(20s)); });
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->health(), "p/f cannot be written: no answer: look at the network");
  EXPECT_TRUE(cores_.on(0, [&] { return views_[0]->owned(); }));
  EXPECT_EQ(cores_.on(0, [&] { return put(*views_[0], "k", "1").status; }),
            CommitStatus::unavailable);
  medium_->set_broken(false);
  while (!store_->health().empty()) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->confirmed(moment, 0, in(20s)); }));
}

// The medium fails, and the ownership is lost. A run that waits learns the certain verdict.
TEST_F(OwnershipTest, ALossIsLearntWhileTheMediumFails) {
  medium_->set_broken(true);
  const Commit commit = cores_.on(0, [&] { return put(*views_[0], "k", "1"); });
  ASSERT_EQ(commit.status, CommitStatus::committed);
  EXPECT_EQ(
      cores_.await(0, [&] { return views_[0]->durable(commit.version, in(20s)); }).error().kind,
      ErrorKind::unavailable);
  medium_->take("p/f", Contest::Learns::by_news);
  while (cores_.on(1, [&] { return views_[1]->owned(); })) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(
      cores_.await(0, [&] { return views_[0]->durable(commit.version, in(20s)); }).error().kind,
      ErrorKind::lost);
  medium_->set_broken(false);
  medium_->give("p/f");
  EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->ownership(in(20s)); }));
  cores_.on(0, [&] { EXPECT_EQ(get(*views_[0], "k"), std::nullopt); });
}

TEST_F(OwnershipTest, AStateThatCannotBeReadIsReadAgain) {
  medium_->take("p/f", Contest::Learns::by_news);
  EXPECT_TRUE(comes_true([&] { return !store_->status("p/f").owned; }));
  (void)medium_->change("p/f", [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  medium_->fail_loads(3);
  medium_->give("p/f");
  EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->ownership(in(20s)); }));
  cores_.on(0, [&] { EXPECT_EQ(get(*views_[0], "k"), "theirs"); });
}

// The ownership is lost again before the state could be read: no view becomes an owner.
TEST_F(OwnershipTest, AnOwnershipThatIsOverIsNotTakenUp) {
  medium_->take("p/f", Contest::Learns::by_news);
  EXPECT_TRUE(comes_true([&] { return !store_->status("p/f").owned; }));
  medium_->fail_loads(3);
  medium_->give("p/f");
  medium_->take("p/f", Contest::Learns::by_news);
  (void)medium_->change("p/f", [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  EXPECT_FALSE(cores_.await(0, [&] { return views_[0]->ownership(in(300ms)); }));
  medium_->give("p/f");
  EXPECT_TRUE(cores_.await(0, [&] { return views_[0]->ownership(in(20s)); }));
  cores_.on(0, [&] { EXPECT_EQ(get(*views_[0], "k"), "theirs"); });
}

// The next ownership begins while the state of the one before is being read, and no news says that
// the one before is over.
TEST_F(OwnershipTest, AnOwnershipThatIsOvertakenMakesWayForTheNext) {
  ASSERT_TRUE(store_->prepare("other/one"));
  medium_->take("p/f", Contest::Learns::by_news);
  medium_->hold_loads();
  medium_->give("p/f");
  medium_->wait_for_load();
  medium_->take("p/f", Contest::Learns::by_itself);
  (void)medium_->change("p/f", [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  medium_->give("p/f");
  // The journal takes the news between these two groups, if not before.
  ASSERT_TRUE(store_->apply("other/one", {{"k", "1"}}));
  ASSERT_TRUE(store_->apply("other/one", {{"k", "2"}}));
  medium_->release_loads();
  EXPECT_TRUE(cores_.await(0, [&]() -> Task<bool> {
    const TimePoint deadline = in(20s);
    while (get(*views_[0], "k") != "theirs") {
      if (loop::EventLoop::now() > deadline) co_return false;
      co_await cores_.loop(0).yield();
    }
    co_return true;
  }));
  cores_.on(0, [&] { EXPECT_EQ(put(*views_[0], "k", "ours").status, CommitStatus::committed); });
}

TEST_F(OwnershipTest, APrepareThatFailedIsTriedAgain) {
  medium_->fail_loads(1);
  EXPECT_FALSE(store_->prepare("late/one"));
  ASSERT_TRUE(store_->prepare("late/one"));
  cores_.on(0, [&] {
    View& view = store_->view(cores_.core(0), "late/one");
    EXPECT_TRUE(view.owned());
    EXPECT_EQ(put(view, "k", "1").status, CommitStatus::committed);
  });
}

TEST_F(OwnershipTest, ALostBulkChangeLeavesNothingStaged) {
  const std::vector<Entry> many(2000, Entry{"k", "1"});
  ASSERT_TRUE(store_->apply("p/f", many));
  EXPECT_TRUE(comes_true([&] { return medium_->staged() == 0; }));
  medium_->take("p/f", Contest::Learns::by_itself);
  EXPECT_EQ(store_->apply("p/f", many).error().kind, ErrorKind::lost);
  EXPECT_TRUE(comes_true([&] { return medium_->staged() == 0; }));
}

TEST_F(OwnershipTest, TheStatusIsThatOfTheMedium) {
  ASSERT_TRUE(store_->apply("p/f", {{"a", "1"}}));
  medium_->take("p/f", Contest::Learns::by_news);
  EXPECT_TRUE(comes_true([&] { return !store_->status("p/f").owned; }));
  (void)medium_->change("p/f", [](Contest::Entries& entries) { entries["b"] = "theirs"; });
  const auto status = store_->status("p/f");
  EXPECT_EQ(status.keys, 2U);
  EXPECT_EQ(status.committed, 2U);
  EXPECT_EQ(status.durable, 2U);
  EXPECT_FALSE(store_->status("never/used").owned);
}

// A store without other processes answers at once, and sends no question.
TEST(OwnershipAlone, IsNeverInQuestion) {
  TestCores cores{1};
  const auto store = open_memory_store(1);
  ASSERT_TRUE(store->prepare("p/f"));
  cores.on(0, [&] {
    View& view = store->view(cores.core(0), "p/f");
    EXPECT_TRUE(view.owned());
    EXPECT_TRUE(view.is_confirmed(view.moment(), 0));
    View::Moment moment = view.moment();
    auto confirmed = view.confirmed(moment, 0, in(20s));
    confirmed.start();
    EXPECT_TRUE(confirmed.done());
    auto owned = view.ownership(in(20s));
    owned.start();
    EXPECT_TRUE(owned.done());
  });
  EXPECT_TRUE(store->status("p/f").owned);
}

}  // namespace
}  // namespace sluice::store
