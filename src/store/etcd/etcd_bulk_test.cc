// SPDX-License-Identifier: Apache-2.0
// Covers: tenure_bulk.cc
// Bulk changes by epochs, on a real etcd: steps that come late, owners that change, leftovers.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

KvFaults::Chosen count_steps(KvFaults& faults, std::atomic<int>& steps) {
  return faults.choose([&steps](const pb::TxnRequest& txn) {
    if (is_step(txn)) ++steps;
    return KvFault::none;
  });
}

class EtcdBulkTest : public EtcdMediumTest {
 protected:
  void SetUp() override { begin(0); }  // every bulk change makes an epoch
  // A step that has no answer soon fails the change.
  void begin_hasty() {
    rival_.reset();
    opened_ = {};
    options_ = new_cluster();
    patience_.step_max = Duration();
    begin(0);
  }
  Result<void> import(int count, const std::string& value, const std::string& prefix = "id/") {
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) entries.push_back({prefix + std::to_string(i), value});
    return store().apply(kNs, std::move(entries));
  }
  // The rival takes the namespace and gives it back, so that the store reads it anew.
  void lose_and_take_again() {
    rival_->take(kNs, Learns::by_news);
    ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
    rival_->give(kNs);
    ASSERT_TRUE(owned_again());
  }
  static std::map<std::string, std::string> numbered(int count, const std::string& value) {
    std::map<std::string, std::string> all;
    for (int i = 0; i < count; ++i) all["id/" + std::to_string(i)] = value;
    return all;
  }
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(store().scan(kNs, "", [&](std::string_view key, std::string_view entry) {
      return all.emplace(key, entry).second;
    }));
    return all;
  }
  // The epochs that have keys.
  std::set<std::string> epochs() {
    const std::string all = rival_->keys().epochs(kNs);
    std::set<std::string> found;
    const auto keys = rival_->range(range_of_prefix(all));
    for (const auto& kv : keys.kvs()) {
      const std::string rest = kv.key().substr(all.size());
      found.insert(rest.substr(0, rest.find('/')));
    }
    return found;
  }
  bool only_the_epoch_of_seq_is_left() {
    return comes_true([&] {
      const auto found = epochs();
      return found.empty() || found == std::set{rival_->seq_of(kNs).epoch.text()};
    });
  }
};

TEST_F(EtcdBulkTest, AnImportMakesAnEpochAndClearsTheOldOne) {
  ASSERT_EQ(told("keep", "1"), "durable");
  ASSERT_EQ(told("id/3", "old"), "durable");
  const Epoch before = rival_->seq_of(kNs).epoch;
  ASSERT_TRUE(import(5000, "1"));
  const Seq seq = rival_->seq_of(kNs);
  EXPECT_NE(seq.epoch, before);
  EXPECT_EQ(seq.version, 3U);
  EXPECT_EQ(contents().size(), 5001U);
  EXPECT_EQ(value("keep"), "1");
  EXPECT_EQ(value("id/3"), "1");
  EXPECT_TRUE(only_the_epoch_of_seq_is_left());
  EXPECT_EQ(told("keep", "2"), "durable");
  EXPECT_EQ(value("keep"), "2");
  ASSERT_TRUE(store().erase_all(kNs, "id/"));
  EXPECT_EQ(contents(), (std::map<std::string, std::string>{{"keep", "2"}}));
  ASSERT_TRUE(store().erase_all(kNs, ""));
  EXPECT_TRUE(contents().empty());
  EXPECT_TRUE(only_the_epoch_of_seq_is_left());
}

// Runs change keys that were copied, and the copy follows.
TEST_F(EtcdBulkTest, RunsGoOnDuringTheCopy) {
  ASSERT_TRUE(import(3000, "old"));
  std::atomic<int> steps = 0;
  const KvFaults::Chosen chosen = count_steps(faults(), steps);
  View& its = view();
  std::atomic<bool> stop = false;
  auto runs = cores_.start(0, [&]() -> Task<int> {
    int made = 0;
    while (!stop) {
      const Commit commit = co_await transact(its, [&](Transaction& t) -> Task<void> {
        t.put("id/7", std::to_string(made));
        t.put("id/2999", std::to_string(made));
        t.erase("id/8");
        t.put("new/" + std::to_string(made), "1");
        co_return;
      });
      EXPECT_EQ(commit.status, CommitStatus::committed);
      EXPECT_TRUE(co_await its.durable(commit.version, in(20s)));
      ++made;
    }
    co_return made;
  });
  ASSERT_TRUE(import(8000, "1", "other/"));
  stop = true;
  const int made = runs.get();
  ASSERT_GT(made, 0);
  EXPECT_GT(steps, 2);
  const auto all = contents();
  EXPECT_EQ(all.size(), 2999U + 8000U + static_cast<unsigned>(made));
  EXPECT_EQ(all.at("id/7"), std::to_string(made - 1));
  EXPECT_EQ(all.at("id/2999"), std::to_string(made - 1));
  EXPECT_FALSE(all.contains("id/8"));
  // A new owner finds the checksum right.
  ASSERT_NO_FATAL_FAILURE(lose_and_take_again());
}

// Runs change keys that the change clears, and none of that comes into the new epoch.
TEST_F(EtcdBulkTest, RunsDuringAClearLeaveNothingBehind) {
  ASSERT_TRUE(import(8000, "1", "other/"));
  ASSERT_TRUE(import(1000, "old"));
  std::atomic<int> steps = 0;
  const KvFaults::Chosen chosen = count_steps(faults(), steps);
  View& its = view();
  std::atomic<bool> stop = false;
  std::atomic<int> between = 0;  // runs that a step preceded
  auto runs = cores_.start(0, [&]() -> Task<int> {
    int made = 0;
    while (!stop) {
      const Commit commit = co_await transact(its, [&](Transaction& t) -> Task<void> {
        t.put("id/new/" + std::to_string(made), "1");
        co_return;
      });
      EXPECT_EQ(commit.status, CommitStatus::committed);
      EXPECT_TRUE(co_await its.durable(commit.version, in(20s)));
      ++made;
      if (steps > 0) ++between;
    }
    co_return made;
  });
  ASSERT_TRUE(store().erase_all(kNs, "id/"));
  stop = true;
  EXPECT_GT(runs.get(), 0);
  EXPECT_GT(steps, 2);
  EXPECT_GT(between, 1);
  const auto all = contents();
  EXPECT_FALSE(all.contains("id/new/0"));
  // A new owner reads from etcd what this one has in memory.
  ASSERT_NO_FATAL_FAILURE(lose_and_take_again());
  EXPECT_EQ(contents(), all);
}

// A step has less bytes than a page.
TEST_F(EtcdBulkTest, LongEntriesAreCopiedInSeveralSteps) {
  const std::string value(300'000, 'v');
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(store().apply(kNs, {{"long/" + std::to_string(10 + i), value}}));
  ASSERT_TRUE(import(3000, "1"));
  const auto all = contents();
  EXPECT_EQ(all.size(), 3012U);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(all.at("long/" + std::to_string(10 + i)), value) << i;
}

// What a bulk change has left behind when it failed is no part of the next one.
TEST_F(EtcdBulkTest, AnEpochThatWasNotFinishedIsNotContinued) {
  begin_hasty();
  ASSERT_TRUE(import(20, "old"));
  std::atomic<int> steps = 0;
  std::atomic<bool> failing = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    const bool fails =
        is_step(txn) ? ++steps > 1 && failing : !is_group(txn);  // nothing is cleared
    return fails ? KvFault::lost : KvFault::none;
  });
  ASSERT_FALSE(import(5000, "new"));
  failing = false;
  ASSERT_TRUE(store().erase_all(kNs, ""));
  EXPECT_EQ(contents(), (std::map<std::string, std::string>()));
}

// A copy of a step that comes late neither brings back an old value nor a cleared key.
TEST_F(EtcdBulkTest, AStepThatComesLateHasNoEffect) {
  ASSERT_TRUE(import(20, "old"));
  std::vector<pb::TxnRequest> steps;
  Mutex mutex;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (is_step(txn)) {
      const MutexLock lock(mutex);
      steps.push_back(txn);
    }
    return KvFault::none;
  });
  ASSERT_TRUE(store().apply(kNs, {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}}));
  chosen.end();
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(told("id/1", "new"), "durable");
  const auto before = contents();
  for (const auto& step : steps) EXPECT_FALSE(rival_->commit(step).succeeded());
  EXPECT_EQ(contents(), before);
  EXPECT_EQ(before.at("id/1"), "new");
}

// --- Steps that etcd does not take in time -----------------------------------------------------

TEST_F(EtcdBulkTest, AStepWithoutAnAnswerIsTriedAgain) {
  ASSERT_TRUE(import(5000, "old"));
  for (const KvFault fault : {KvFault::answer_lost, KvFault::lost, KvFault::late}) {
    std::atomic<int> steps = 0;
    KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
      return is_step(txn) && ++steps % 2 == 1 ? fault : KvFault::none;
    });
    ASSERT_TRUE(import(3000, "new")) << static_cast<int>(fault);
    EXPECT_GE(steps, 4);
    chosen.end();
    for (const auto& late : faults().take_late()) EXPECT_FALSE(rival_->commit(late).succeeded());
    auto expected = numbered(3000, "new");
    expected.merge(numbered(5000, "old"));
    EXPECT_EQ(contents(), expected);
    EXPECT_TRUE(only_the_epoch_of_seq_is_left());
  }
}

// etcd may have applied a copy that has no answer. A run that comes between the tries and erases a
// key of it erases the key there, too.
TEST_F(EtcdBulkTest, RunsBetweenTheTriesChangeWhatALostTryHasCopied) {
  ASSERT_TRUE(import(100, "old"));
  std::atomic<int> steps = 0;
  std::atomic<bool> failing = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_step(txn) || !failing) return KvFault::none;
    ++steps;
    return KvFault::answer_lost;
  });
  Result<void> imported;
  std::thread importer([&] {
    imported = store().apply(kNs, {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}});
  });
  EXPECT_TRUE(comes_true([&] { return steps > 0; }));
  View& its = view();
  const Commit erased = cores_.on(0, [&] {
    Transaction t(its);
    t.erase("id/1");
    t.put("id/2", "new");
    return its.commit(t);
  });
  EXPECT_EQ(fate(erased), "durable") << "between two tries";
  failing = false;
  importer.join();
  ASSERT_TRUE(imported) << imported.error().message;
  const auto all = contents();
  EXPECT_EQ(all.size(), 99U + 5U);
  EXPECT_FALSE(all.contains("id/1"));
  EXPECT_EQ(all.at("id/2"), "new");
  rival_->take(kNs, Learns::by_news);  // a new owner finds the checksum right
  ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  rival_->give(kNs);
  EXPECT_TRUE(owned_again());
}

// On a line that is too slow for a step of the usual size, steps become smaller.
TEST_F(EtcdBulkTest, StepsBecomeSmallerUntilTheyPass) {
  constexpr std::size_t kPasses = 100'000;
  patience_.first_step = 20ms;
  rival_.reset();
  opened_ = {};
  begin(0);
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_step(txn) && txn.ByteSizeLong() > kPasses ? KvFault::silent : KvFault::none;
  });
  ASSERT_TRUE(store().apply(kNs, {{"a", std::string(50'000, 'x')}, {"b", "1"}}));
  std::vector<Entry> entries;
  for (int i = 0; i < 40; ++i) {
    entries.push_back({"id/" + std::to_string(100 + i), std::string(20'000, 'v')});
  }
  ASSERT_TRUE(store().apply(kNs, std::move(entries)));
  EXPECT_EQ(contents().size(), 42U);
}

TEST_F(EtcdBulkTest, AFullEtcdFailsABulkChangeAtOnce) {
  ASSERT_TRUE(import(20, "old"));
  std::atomic<int> steps = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_step(txn)) return KvFault::none;
    ++steps;
    return KvFault::no_space;
  });
  EXPECT_FALSE(import(30, "new"));
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(contents(), numbered(20, "old"));
}

// This server stops while etcd does not answer.
TEST_F(EtcdBulkTest, TheEndOfTheReadsEndsAStepThatIsUnderWay) {
  patience_.first_step = std::chrono::hours(1);
  rival_.reset();
  opened_ = {};
  begin(0);
  ASSERT_TRUE(import(20, "old"));
  std::atomic<bool> stepped = false;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_step(txn)) return KvFault::none;
    stepped = true;
    return KvFault::silent;
  });
  std::thread importer([&] { EXPECT_FALSE(import(30, "new")); });
  EXPECT_TRUE(comes_true([&] { return stepped.load(); }));
  opened_.medium->end_reads();
  importer.join();
}

TEST_F(EtcdBulkTest, AStepWithoutAnAnswerAbandonsItsEpochInTheEnd) {
  begin_hasty();
  ASSERT_TRUE(import(20, "old"));
  std::atomic<int> left = 1;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_step(txn) && left-- > 0 ? KvFault::answer_lost : KvFault::none;
  });
  EXPECT_FALSE(import(30, "failed"));
  EXPECT_EQ(contents().size(), 20U);
  EXPECT_EQ(contents().at("id/1"), "old");
  EXPECT_TRUE(only_the_epoch_of_seq_is_left());
  ASSERT_TRUE(import(30, "new"));
  EXPECT_EQ(contents().size(), 30U);
}

TEST_F(EtcdBulkTest, TheSwitchMayHaveNoAnswer) {
  ASSERT_TRUE(import(20, "old"));
  std::atomic<int> left = 1;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && left-- > 0 ? KvFault::answer_lost : KvFault::none;
  });
  ASSERT_TRUE(import(30, "new"));
  EXPECT_EQ(contents().size(), 30U);
  EXPECT_TRUE(only_the_epoch_of_seq_is_left());
  EXPECT_EQ(rival_->seq_of(kNs).version, 2U);
}

TEST_F(EtcdBulkTest, AnOwnerThatIsGoneLeavesAnEpochThatTheNextClears) {
  begin_hasty();
  ASSERT_TRUE(import(20, "old"));
  std::atomic<int> steps = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_step(txn)) return KvFault::none;
    return steps++ == 0 ? KvFault::none : KvFault::lost;
  });
  rival_->put(rival_->keys().epoch(kNs, {1, 1}) + "id/1", "dead");
  EXPECT_FALSE(import(9000, "new"));
  rival_->take(kNs, Learns::by_news);
  ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  chosen.end();
  rival_->give(kNs);
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "1"), "durable");
  EXPECT_TRUE(only_the_epoch_of_seq_is_left());
  EXPECT_EQ(contents().size(), 21U);
}

// The bulk change is small when it is staged, and not when it is committed, or the other way.
TEST_F(EtcdMediumTest, ASmallBulkChangeIsOneGroup) {
  begin(1000);
  std::atomic<int> steps = 0;
  const KvFaults::Chosen chosen = count_steps(faults(), steps);
  std::vector<Entry> entries;
  for (int i = 0; i < 900; ++i) entries.push_back({"id/" + std::to_string(i), "1"});
  ASSERT_TRUE(store().apply(kNs, entries));
  ASSERT_EQ(told("other", "1"), "durable");
  EXPECT_EQ(rival_->seq_of(kNs).writes, 1U);
  ASSERT_TRUE(store().erase_all(kNs, "id/"));
  EXPECT_EQ(rival_->seq_of(kNs).writes, 900U);
  EXPECT_EQ(rival_->seq_of(kNs).epoch, Epoch());
  EXPECT_EQ(store().count(kNs, ""), 1U);
  EXPECT_EQ(steps, 0);
}

// Long values, and more than one transaction holds.
TEST_F(EtcdMediumTest, AFewLongEntriesAreABulkChange) {
  begin(1000);
  std::vector<Entry> entries;
  for (int i = 0; i < 4; ++i) {
    entries.push_back({"id/" + std::to_string(i), std::string(700'000, 'x')});
  }
  ASSERT_TRUE(store().apply(kNs, entries));
  EXPECT_EQ(store().count(kNs, ""), 4U);
  EXPECT_NE(rival_->seq_of(kNs).epoch, Epoch());
}

TEST_F(EtcdMediumTest, ARunOfTheLargestSizeIsOneTransaction) {
  begin();
  const Limits limits = EtcdMedium::limit({});
  View& its = view();
  const Commit commit = cores_.on(0, [&] {
    Transaction t(its);
    const std::size_t bytes =
        limits.bytes_per_transaction_max / limits.writes_per_transaction_max - 10;
    for (std::size_t i = 0; i < limits.writes_per_transaction_max; ++i) {
      t.put(std::to_string(i), std::string(bytes, 'x'));
    }
    return its.commit(t);
  });
  ASSERT_EQ(commit.status, CommitStatus::committed);
  EXPECT_EQ(fate(commit), "durable");
  EXPECT_EQ(rival_->seq_of(kNs).writes, limits.writes_per_transaction_max);
  cores_.on(0, [&] {
    Transaction t(its);
    t.put("k", std::string(limits.value_bytes_max + 1, 'x'));
    EXPECT_EQ(its.commit(t).status, CommitStatus::too_large);
  });
}

}  // namespace
}  // namespace sluice::store
