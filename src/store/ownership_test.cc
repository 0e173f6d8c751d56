// SPDX-License-Identifier: Apache-2.0
// A store that shares its medium: random histories of two processes are strictly serializable, the
// checker sees it when a run does not ask whether it may tell, and many runs share a question.
#include <gtest/gtest.h>

#include "store/chain_store.h"
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

Shared open_shared(unsigned cores, const Limits& limits) {
  auto medium = std::make_unique<ContestedMedium>();
  ContestedMedium* const its = medium.get();
  return {std::make_unique<ChainStore>(std::move(medium), cores, Logger(), limits), its};
}

SharedBackend contested() {
  return {"contested", [](unsigned cores, const Limits& limits) {
            auto shared = open_shared(cores, limits);
            return SharedBackend::Opened{std::move(shared.store), shared.medium};
          }};
}

INSTANTIATE_TEST_SUITE_P(Media, SharedConformance, testing::Values(contested()),
                         [](const auto& backend) { return backend.param.name; });

Limits small() {
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  return limits;
}

template <class Its = OwnerAccess>
std::string judge(const Score& score, OwnerAccess::Tally& tally) {
  TestCores cores{3};
  const auto shared = open_shared(cores.count(), small());
  Contest& contest = *shared.medium;
  Store& store = *shared.store;
  if (!store.prepare(Player::kNs)) return "the store does not open";
  ToldHistory history;
  Player player(cores, store, history);
  {
    const Rival rival(contest, player.clock(), history, score.seed);
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

TEST(Ownership, EveryHistoryOfTwoProcessesIsStrictlySerializable) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  OwnerAccess::Tally tally;
  for (unsigned round = 0; round < rounds(6); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge({.seed = seed, .one_in_waits = 1}, tally), "") << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.lost, 0);
  EXPECT_GT(tally.told, 1000);
  std::printf("%d told, %d lost\n", tally.told.load(), tally.lost.load());
}

TEST(Ownership, AlsoWhileAdministrationChangesManyKeys) {
  OwnerAccess::Tally tally;
  for (unsigned round = 0; round < rounds(6); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge({.seed = seed, .one_in_waits = 1, .changes = 60}, tally), "")
        << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.lost, 0);
}

// --- Canaries ----------------------------------------------------------------------------------

class NeverConfirms final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  void begin(bool /*read_only*/) override { read_only_ = false; }
};

// Is content with a confirmation that is older than its run.
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

// Reads what was lost as if it had been there.
class IgnoresWhatItDependsOn final : public OwnerAccess {
 public:
  using OwnerAccess::OwnerAccess;
  Task<bool> durable(Version version) override {
    if (!read_only_) return OwnerAccess::durable(version);
    return OwnerAccess::durable(0);
  }
};

template <class Broken>
std::string first_fault() {
  OwnerAccess::Tally tally;
  for (unsigned round = 0; round < 50; ++round) {
    const auto fault = judge<Broken>({.seed = first_seed() + round, .one_in_waits = 1}, tally);
    if (!fault.empty()) return fault;
  }
  return "none";
}

TEST(OwnershipCanary, AReadThatNobodyConfirms) {
  EXPECT_EQ(first_fault<NeverConfirms>().find("time: a run that only read"), 0U);
}
TEST(OwnershipCanary, AReadConfirmedBeforeItBegan) {
  EXPECT_EQ(first_fault<ConfirmsOnceForMany>().find("time: a run that only read"), 0U);
}
TEST(OwnershipCanary, ALostRunThatIsTold) {
  EXPECT_EQ(first_fault<TellsWhatIsLost>().find("serial: version"), 0U);
}
TEST(OwnershipCanary, AReadOfALostRun) { EXPECT_NE(first_fault<IgnoresWhatItDependsOn>(), "none"); }

// --- What the suite cannot see -------------------------------------------------------------------

class OwnershipTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_shared(cores.count(), {});
    medium = opened.medium;
    store = std::move(opened.store);
    ASSERT_TRUE(store->prepare("p/f"));
    for (unsigned i = 0; i < cores.count(); ++i) {
      views.push_back(&cores.on(i, [&]() -> View& { return store->view(cores.core(i), "p/f"); }));
    }
  }
  TestCores cores{2};
  std::unique_ptr<Store> store;
  ContestedMedium* medium = nullptr;
  std::vector<View*> views;
};

TEST_F(OwnershipTest, ManyRunsShareAQuestion) {
  const int before = medium->questions();
  constexpr int kRuns = 1000;
  std::vector<std::future<Result<void>>> waits;
  cores.on(0, [&] {
    for (int i = 0; i < kRuns; ++i) {
      waits.push_back(
          cores.start(0, [&] { return views[0]->confirmed(views[0]->moment(), in(20s)); }));
    }
  });
  for (auto& wait : waits) EXPECT_TRUE(wait.get());
  EXPECT_LT(medium->questions() - before, kRuns / 10);
}

TEST_F(OwnershipTest, NoAnswerIsNoLoss) {
  medium->set_broken(true);
  const auto moment = cores.on(0, [&] { return views[0]->moment(); });
  const auto unanswered = cores.await(0, [&] { return views[0]->confirmed(moment, in(20s)); });
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store->health(), "no answer: look at the network");
  EXPECT_TRUE(cores.on(0, [&] { return views[0]->owned(); }));
  EXPECT_EQ(cores.on(0, [&] { return put(*views[0], "k", "1").status; }),
            CommitStatus::unavailable);
  medium->set_broken(false);
  while (!store->health().empty()) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(cores.await(0, [&] { return views[0]->confirmed(moment, in(20s)); }));
}

// Loss and failure at once: the run that waits learns what is certain.
TEST_F(OwnershipTest, ALossIsLearntWhileTheMediumFails) {
  medium->set_broken(true);
  const Commit commit = cores.on(0, [&] { return put(*views[0], "k", "1"); });
  ASSERT_EQ(commit.status, CommitStatus::committed);
  EXPECT_EQ(cores.await(0, [&] { return views[0]->durable(commit.version, in(20s)); }).error().kind,
            ErrorKind::unavailable);
  medium->take("p/f", Contest::Learns::by_news);
  while (cores.on(1, [&] { return views[1]->owned(); })) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(cores.await(0, [&] { return views[0]->durable(commit.version, in(20s)); }).error().kind,
            ErrorKind::lost);
  medium->set_broken(false);
  medium->give("p/f");
  EXPECT_TRUE(cores.await(0, [&] { return views[0]->ownership(in(20s)); }));
  cores.on(0, [&] { EXPECT_EQ(get(*views[0], "k"), std::nullopt); });
}

TEST_F(OwnershipTest, AStateThatCannotBeReadIsReadAgain) {
  medium->take("p/f", Contest::Learns::by_news);
  (void)medium->change("p/f", [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  medium->fail_loads(3);
  medium->give("p/f");
  EXPECT_TRUE(cores.await(0, [&] { return views[0]->ownership(in(20s)); }));
  cores.on(0, [&] { EXPECT_EQ(get(*views[0], "k"), "theirs"); });
}

// Given back and taken again before the state could be read: no view becomes an owner.
TEST_F(OwnershipTest, AnOwnershipThatIsOverIsNotTakenUp) {
  medium->take("p/f", Contest::Learns::by_news);
  medium->fail_loads(3);
  medium->give("p/f");
  medium->take("p/f", Contest::Learns::by_news);
  (void)medium->change("p/f", [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  EXPECT_FALSE(cores.await(0, [&] { return views[0]->ownership(in(300ms)); }));
  medium->give("p/f");
  EXPECT_TRUE(cores.await(0, [&] { return views[0]->ownership(in(20s)); }));
  cores.on(0, [&] { EXPECT_EQ(get(*views[0], "k"), "theirs"); });
}

// A store that is this process's alone answers at once, and asks nobody.
TEST(OwnershipAlone, IsNeverInQuestion) {
  TestCores cores{1};
  const auto store = open_memory_store(1);
  ASSERT_TRUE(store->prepare("p/f"));
  cores.on(0, [&] {
    View& view = store->view(cores.core(0), "p/f");
    EXPECT_TRUE(view.owned());
    EXPECT_TRUE(view.is_confirmed(view.moment()));
    auto confirmed = view.confirmed(view.moment(), in(20s));
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
