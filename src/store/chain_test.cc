// SPDX-License-Identifier: Apache-2.0
// Covers: chain_store.cc, chain_view.cc, durable_waits.cc, follower.cc, journal.cc
// The journal's failures and delays, waiting, and the freeing of nodes that every follower has
// passed.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "store/chain_store.h"
#include "store/chain_view.h"
#include "store/memory/memory_medium.h"
#include "store/testing/test_cores.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// A memory medium that fails or is slow on demand.
class BadMedium final : public Medium {
 public:
  struct Mood {
    std::mutex mutex;
    std::condition_variable changed;
    bool broken = false;
    bool stuck = false;
    bool stages_nothing = false;
    int tries = 0;
    std::atomic<int> checks = 0;
    std::atomic<int> dropped = 0;                  // bulk changes
    std::function<void()> between_groups = [] {};  // on the journal's thread
    std::function<void()> during_load = [] {};

    void set(bool is_broken, bool is_stuck) {
      const std::lock_guard lock(mutex);
      broken = is_broken;
      stuck = is_stuck;
      changed.notify_all();
    }
    int tried() {
      const std::lock_guard lock(mutex);
      return tries;
    }
  };
  explicit BadMedium(std::shared_ptr<Mood> mood) : mood_(std::move(mood)) {}

  Result<void> write(std::span<Batch> group) override {
    {
      std::unique_lock lock(mood_->mutex);
      ++mood_->tries;
      mood_->changed.wait(lock, [&] { return !mood_->stuck; });
      if (mood_->broken) return fail(ErrorKind::unavailable, "the disk is full: free some space");
    }
    return memory_.write(group);
  }
  Result<void> check() override {
    ++mood_->checks;
    return {};
  }
  Result<bool> stage(std::string_view, Bulk&) override {
    const std::lock_guard lock(mood_->mutex);
    if (mood_->stages_nothing) return fail(ErrorKind::unavailable, "no room for that much");
    return true;
  }
  void drop_staged(const Bulk&) override { ++mood_->dropped; }
  Result<bool> finish_some() override {
    std::function<void()> call;
    {
      const std::lock_guard lock(mood_->mutex);
      call = mood_->between_groups;
    }
    call();
    return false;
  }
  Result<std::vector<std::string>> namespaces() override { return memory_.namespaces(); }
  Result<std::vector<std::string>> prefixes(const std::string&) override {
    return std::vector<std::string>();
  }
  Result<void> add_prefix(const std::string&, const std::string&) override { return {}; }
  Result<Version> version(const std::string& ns) override { return memory_.version(ns); }
  Result<Version> load(const std::string& ns, const Visit& visit) override {
    auto version = memory_.load(ns, visit);
    mood_->during_load();
    return version;
  }
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override {
    return memory_.list(ns, prefix, after, limit);
  }
  Result<Version> scan(const std::string&, std::string_view, const Store::Visit&) override {
    return 0;
  }
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override {
    return memory_.count(ns, prefix);
  }
  Result<Documents> documents(std::string_view collection) override {
    return memory_.documents(collection);
  }
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override {
    return memory_.change_documents(changes);
  }

 private:
  std::shared_ptr<Mood> mood_;
  MemoryMedium memory_;
};

class ChainTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::make_unique<ChainStore>(std::make_unique<BadMedium>(mood_), cores_.count(),
                                          Logger(), limits_);
    ASSERT_TRUE(store_->prepare("p/f"));
    for (unsigned i = 0; i < cores_.count(); ++i) {
      views_.push_back(
          &cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), "p/f"); }));
    }
  }
  void TearDown() override { mood_->set(false, false); }

  Commit put_on(unsigned core, const std::string& key, const std::string& value) {
    return cores_.on(core, [&] { return put(*views_[core], key, value); });
  }
  std::future<Result<void>> wait(unsigned core, Version version, Duration limit) {
    return cores_.start(
        core, [this, core, version, limit] { return views_[core]->durable(version, in(limit)); });
  }
  template <class Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 10'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
  }

  std::shared_ptr<BadMedium::Mood> mood_ = std::make_shared<BadMedium::Mood>();
  Limits limits_;
  TestCores cores_{2};
  std::unique_ptr<ChainStore> store_;
  std::vector<View*> views_;
};

class FewPendingTest : public ChainTest {
 protected:
  FewPendingTest() { limits_.pending_commits_max = 3; }
};

TEST_F(FewPendingTest, ADiskThatHangsHoldsABoundedNumberOfCommits) {
  mood_->set(false, true);
  Version last = 0;
  for (int i = 0; i < 3; ++i) {
    const Commit commit = put_on(static_cast<unsigned>(i) % 2, "k" + std::to_string(i), "1");
    ASSERT_EQ(commit.status, CommitStatus::committed);
    last = commit.version;
  }
  EXPECT_EQ(put_on(1, "more", "1").status, CommitStatus::unavailable);
  cores_.on(0, [&] {
    Transaction t(*views_[0]);
    EXPECT_EQ(t.get("k0"), "1") << "reads go on";
    EXPECT_EQ(views_[0]->commit(t).status, CommitStatus::committed);
  });
  mood_->set(false, false);
  ASSERT_TRUE(wait(0, last, 20s).get());
  EXPECT_EQ(put_on(1, "more", "1").status, CommitStatus::committed);
}

TEST_F(ChainTest, AFailingJournalRefusesWritesAndForgetsNothing) {
  const Version before = put_on(0, "safe", "1").version;
  ASSERT_TRUE(wait(0, before, 20s).get());
  mood_->set(true, false);
  const Commit lost = put_on(0, "pending", "1");
  EXPECT_EQ(lost.status, CommitStatus::committed);
  EXPECT_EQ(wait(0, lost.version, 20s).get().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->health(), "the disk is full: free some space");
  EXPECT_EQ(put_on(1, "new", "1").status, CommitStatus::unavailable);
  EXPECT_EQ(wait(1, lost.version, 20s).get().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->apply("p/f", {{"new", "1"}}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->list("p/f", "", "", 10)->entries.size(), 1U);  // the commit that was told
  cores_.on(1, [&] {  // a run that depends on durable versions only continues
    Transaction t(*views_[1]);
    EXPECT_EQ(t.get("safe"), "1");
    const Commit read = views_[1]->commit(t);
    EXPECT_EQ(read.status, CommitStatus::committed);
    EXPECT_TRUE(views_[1]->is_durable(read.version));
    t.restart();
    EXPECT_EQ(t.get("pending"), "1");
    EXPECT_FALSE(views_[1]->is_durable(views_[1]->commit(t).version));
  });
  mood_->set(false, false);
  EXPECT_TRUE(soon([&] { return store_->health().empty(); }));
  EXPECT_TRUE(wait(1, lost.version, 20s).get());
  EXPECT_EQ(put_on(1, "new", "1").status, CommitStatus::committed);
  EXPECT_EQ(store_->list("p/f", "", "", 10)->entries.size(), 3U);
}

TEST_F(ChainTest, AWaitEndsAtItsDeadline) {
  mood_->set(false, true);
  const Commit commit = put_on(0, "k", "1");
  auto late = wait(0, commit.version, 30ms);
  auto patient = wait(0, commit.version, 60s);
  auto other_core = wait(1, commit.version, 60s);
  EXPECT_EQ(late.get().error().kind, ErrorKind::timed_out);
  EXPECT_EQ(wait(0, commit.version, 1ms).get().error().kind, ErrorKind::timed_out);
  mood_->set(false, false);
  EXPECT_TRUE(patient.get());
  EXPECT_TRUE(other_core.get());
}

TEST_F(ChainTest, DestroyingAWaitLeavesTheOthers) {
  mood_->set(false, true);
  const Commit commit = put_on(0, "k", "1");
  auto patient = wait(0, commit.version, 60s);
  cores_.on(0, [&] {
    auto doomed = views_[0]->durable(commit.version, in(60s));
    doomed.start();
    auto turn = views_[0]->turn(in(60s));
    turn.start();
    auto turn_too = views_[0]->turn(in(60s));
    turn_too.start();
    EXPECT_FALSE(doomed.done());
  });
  mood_->set(false, false);
  EXPECT_TRUE(patient.get());
  // Turns that were given up, before or after the grant, block no other run.
  for (const unsigned core : {1U, 0U}) {
    EXPECT_TRUE(cores_.await(core, [&, core]() -> Task<bool> {
      const auto turn = co_await views_[core]->turn(in(20s));  // it ends here, on its core
      co_return turn.has_value();
    }));
  }
}

// Each core counts its own waits for a turn: the second one of a core is gone, that of another
// stays.
TEST_F(ChainTest, AWaitForATurnLeavesThatOfTheSameNumberInItsPlace) {
  const auto get_turn = [this](unsigned core) -> Task<bool> {
    const auto turn = co_await views_[core]->turn(in(20s));  // it ends here, on its core
    co_return turn.has_value();
  };
  std::optional<View::Turn> held;
  ASSERT_TRUE(cores_.await(0, [&]() -> Task<bool> {
    auto turn = co_await views_[0]->turn(in(20s));
    if (turn) held.emplace(*std::move(turn));
    co_return held.has_value();
  }));
  auto first = cores_.start(1, [&] { return get_turn(1); });
  auto second = cores_.start(1, [&] { return get_turn(1); });
  auto doomed = cores_.on(0, [&] {
    auto wait = views_[0]->turn(in(60s));
    wait.start();
    return wait;
  });
  for (const unsigned core : {1U, 0U}) cores_.on(core, [] {});  // all have taken their places
  cores_.on(0, [&] { doomed.reset(); });
  cores_.on(0, [&] { held.reset(); });
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(ChainTest, CommitsThatWaitAreWrittenAsOneGroup) {
  mood_->set(false, true);
  Version last = put_on(0, "first", "").version;
  EXPECT_TRUE(soon([&] { return mood_->tried() == 1; }));
  for (int i = 0; i < 500; ++i) last = put_on(0, "k" + std::to_string(i), "").version;
  mood_->set(false, false);
  ASSERT_TRUE(wait(0, last, 20s).get());
  EXPECT_EQ(mood_->tried(), 2);
}

TEST_F(ChainTest, AnIdleCoreIsAskedToCatchUp) {
  const auto& idle = static_cast<ChainView&>(*views_[1]);
  Version last = 0;
  for (int i = 0; i < 10'000; ++i) last = put_on(0, "k", std::to_string(i)).version;
  ASSERT_TRUE(wait(0, last, 20s).get());
  EXPECT_TRUE(soon([&] { return idle.applied() + 1024 >= last; })) << idle.applied();
}

class FewAreBulkTest : public ChainTest {
 protected:
  FewAreBulkTest() { limits_.bulk_entries_min = 8; }
};

TEST_F(FewAreBulkTest, WhatWasStagedOfAChangeThatFailsIsDropped) {
  {
    const std::lock_guard lock(mood_->mutex);
    mood_->stages_nothing = true;
  }
  const std::vector<Entry> entries(20, Entry{"k", "v"});
  const auto applied = store_->apply("p/f", entries);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message, "no room for that much");
  EXPECT_EQ(mood_->dropped, 1);
  EXPECT_EQ(put_on(0, "small", "1").status, CommitStatus::committed) << "the store is well";
}

// A commit that comes after the journal has looked for work, and before it sleeps, rings in vain.
// An idle journal checks the medium once per period, so a check in each round is a sleep in each.
TEST_F(ChainTest, TheJournalDoesNotSleepBesideWork) {
  constexpr int kRounds = 8;
  struct Rounds {
    int done = 0;
    int writes = 0;
  };
  const int before = mood_->checks;
  const Version first = put_on(0, "first", "1").version;
  {
    const std::lock_guard lock(mood_->mutex);
    mood_->between_groups = [this, rounds = std::make_shared<Rounds>()] {
      const bool is_idle = std::exchange(rounds->writes, mood_->tried()) == rounds->writes;
      if (is_idle && rounds->done < kRounds) put_on(0, "k", std::to_string(++rounds->done));
    };
  }
  ASSERT_TRUE(wait(0, first + kRounds, 60s).get());
  EXPECT_LT(mood_->checks - before, kRounds / 2);
}

TEST_F(ChainTest, ANamespaceIsLoadedWhileItIsWritten) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(store_->apply("late/one", {{"k" + std::to_string(i), "v"}, {"last", "v"}}));
    }
  });
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(store_->prepare("late/one"));
  std::this_thread::sleep_for(20ms);
  cores_.on(0, [&] { (void)store_->view(cores_.core(0), "late/one"); });
  std::this_thread::sleep_for(20ms);
  cores_.on(1, [&] { (void)store_->view(cores_.core(1), "late/one"); });
  std::this_thread::sleep_for(20ms);
  stop = true;
  writer.join();
  const auto on_disk = store_->count("late/one", "");
  for (unsigned i = 0; i < 2; ++i) {
    View& late = cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), "late/one"); });
    EXPECT_EQ(cores_.await(i, [&] { return count_many(late, ""); }), on_disk);
  }
}

// The nodes behind the state that is loaded stay, however many the journal has written meanwhile.
TEST_F(ChainTest, WhatIsWrittenDuringALoadIsNotMissed) {
  ASSERT_TRUE(store_->apply("late/one", {{"before", "v"}}));
  mood_->during_load = [this] {
    for (int i = 0; i < 200; ++i)
      EXPECT_TRUE(store_->apply("late/one", {{"k" + std::to_string(i), "v"}}));
  };
  ASSERT_TRUE(store_->prepare("late/one"));
  View& late = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), "late/one"); });
  EXPECT_EQ(cores_.await(0, [&] { return count_many(late, ""); }), 201U);
  EXPECT_EQ(store_->count("late/one", ""), 201U);
}

TEST_F(ChainTest, ClearingABigNamespace) {
  std::vector<Entry> entries;
  for (int i = 0; i < 50'000; ++i) entries.push_back({"id/" + std::to_string(i), "true"});
  ASSERT_TRUE(store_->apply("p/f", entries));
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(cores_.await(i, [&] { return count_many(*views_[i], "id/"); }), entries.size());
  }
  EXPECT_EQ(store_->status("p/f").keys, entries.size());
  ASSERT_TRUE(store_->erase_all("p/f", ""));
  for (unsigned i = 0; i < 2; ++i) {
    cores_.on(i, [&] { EXPECT_EQ(count(*views_[i], "id/"), 0U); });
  }
}

// One thread counts for all namespaces, so the store closes while counts wait for it.
TEST(Store, AWaitForACountEndsWithTheStore) {
  TestCores cores{1};
  Limits limits;
  limits.keys_counted_at_once = 2;
  const auto store = open_memory_store(1, limits);
  std::vector<Entry> entries;
  for (int i = 0; i < 20'000; ++i) entries.push_back({"id/" + std::to_string(i), "1"});
  std::vector<std::future<Result<void>>> counts;
  for (int i = 0; i < 8; ++i) {
    const std::string ns = "p/" + std::to_string(i);
    ASSERT_TRUE(store->prepare(ns));
    ASSERT_TRUE(store->apply(ns, entries));
    counts.push_back(cores.start(0, [&store, &cores, ns]() -> Task<Result<void>> {
      View& view = store->view(cores.core(0), ns);
      Transaction t(view);
      (void)t.count("id/1");
      co_return co_await view.counted(in(60s));
    }));
  }
  cores.on(0, [] {});
  store->close();
  for (auto& count : counts) {
    const auto counted = count.get();
    EXPECT_TRUE(counted || counted.error().kind == ErrorKind::unavailable)
        << counted.error().message;
  }
}

TEST(Store, MayGoBeforeWhatWaitsForIt) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto mood = std::make_shared<BadMedium::Mood>();
  auto store =
      std::make_unique<ChainStore>(std::make_unique<BadMedium>(mood), 1, Logger(), Limits());
  ASSERT_TRUE(store->prepare("p/f"));
  View& view = store->view(core, "p/f");
  mood->set(true, false);
  Transaction transaction(view);
  EXPECT_EQ(transaction.get("k"), std::nullopt);
  loop.spawn([](View& v) -> Task<void> {
    (void)co_await v.durable(put(v, "k", "v").version, in(1h));
  }(view));
  loop.spawn([](View& v) -> Task<void> { (void)co_await v.turn(in(1h)); }(view));
  store.reset();
  EXPECT_EQ(transaction.get("k"), "v");
  EXPECT_TRUE(transaction.stale());
  transaction.restart();
  transaction.put("x", "y");
  EXPECT_EQ(view.commit(transaction).status, CommitStatus::unavailable);
}

}  // namespace
}  // namespace sluice::store
