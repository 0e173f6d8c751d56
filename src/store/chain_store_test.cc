// SPDX-License-Identifier: Apache-2.0
// Bulk changes beside each other, and beside a medium that fails: what they stage on the medium is
// committed or dropped.
#include "store/chain_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "store/bulk.h"
#include "store/memory/memory_medium.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// Stages every bulk in three steps, and counts those that are staged.
class StagingMedium final : public MemoryMedium {
 public:
  Result<bool> stage(std::string_view /*ns*/, Bulk& bulk) override {
    const MutexLock lock(mutex_);
    const int steps = ++staged_[&bulk];
    most_staged_ = std::max(most_staged_, staged_.size());
    if (steps == 2 && failing_step_) return fail(ErrorKind::unavailable, "the disk is full");
    return steps == 3;
  }
  void drop_staged(const Bulk& bulk) override {
    const MutexLock lock(mutex_);
    staged_.erase(&bulk);
  }
  Result<void> write(std::span<Batch> group) override {
    auto written = MemoryMedium::write(group);
    const MutexLock lock(mutex_);
    for (const Batch& batch : group) {
      for (const Node* node = batch.after; node != batch.last;) {
        node = node->next.load(std::memory_order_acquire);
        if (node->bulk) staged_.erase(node->bulk.get());
      }
    }
    return written;
  }
  // Under hold_check(), returns late, with an error.
  Result<void> check() override {
    const MutexLock lock(mutex_);
    if (!failing_) return {};
    checked_ = true;
    changed_.notify_all();
    while (holding_) changed_.wait(mutex_);
    return fail(ErrorKind::unavailable, "the disk is gone");
  }

  // The second step of each bulk fails.
  void fail_step() {
    const MutexLock lock(mutex_);
    failing_step_ = true;
  }
  void hold_check() {
    const MutexLock lock(mutex_);
    failing_ = holding_ = true;
  }
  // Blocks until a check has begun.
  void wait_for_check() {
    const MutexLock lock(mutex_);
    while (!checked_) changed_.wait(mutex_);
  }
  void release_check() {
    const MutexLock lock(mutex_);
    holding_ = false;
    changed_.notify_all();
  }
  // How many are staged, and neither written nor dropped.
  [[nodiscard]] std::size_t staged() {
    const MutexLock lock(mutex_);
    return staged_.size();
  }
  // The largest number of staged() so far.
  [[nodiscard]] std::size_t most_staged() {
    const MutexLock lock(mutex_);
    return most_staged_;
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::map<const Bulk*, int> staged_ SLUICE_GUARDED_BY(mutex_);  // and its steps
  std::size_t most_staged_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool failing_step_ SLUICE_GUARDED_BY(mutex_) = false;
  bool failing_ SLUICE_GUARDED_BY(mutex_) = false;
  bool holding_ SLUICE_GUARDED_BY(mutex_) = false;
  bool checked_ SLUICE_GUARDED_BY(mutex_) = false;
};

// A store that knows only bulk changes.
class StagingStore {
 public:
  Result<void> import(int from, int count) {
    std::vector<Entry> entries;
    for (int i = from; i < from + count; ++i) entries.push_back({std::to_string(i), "v"});
    return store_.apply("p/f", std::move(entries));
  }
  [[nodiscard]] StagingMedium& medium() { return *medium_; }
  [[nodiscard]] ChainStore& store() { return store_; }

  explicit StagingStore(std::unique_ptr<StagingMedium> medium = std::make_unique<StagingMedium>())
      : medium_(medium.get()), store_(std::move(medium), 1, Logger(), small()) {}

 private:
  static Limits small() {
    Limits limits;
    limits.bulk_entries_min = 8;
    return limits;
  }
  StagingMedium* const medium_;
  ChainStore store_;
};

TEST(ChainStoreBulk, OneAtATimeInANamespace) {
  StagingStore under_test;
  constexpr int kImports = 30;
  std::vector<std::future<void>> administrators;
  for (int from : {0, 10, 20}) {
    administrators.push_back(std::async(std::launch::async, [&, from] {
      for (int i = 0; i < kImports; ++i) EXPECT_TRUE(under_test.import(from + i * 30, 10));
    }));
  }
  for (auto& administrator : administrators) administrator.get();
  EXPECT_EQ(under_test.medium().most_staged(), 1U);
  EXPECT_EQ(under_test.medium().staged(), 0U);
  EXPECT_EQ(under_test.store().count("p/f", ""), kImports * 30U);
}

TEST(ChainStoreBulk, AStepThatFailsLeavesNothingStaged) {
  StagingStore under_test;
  under_test.medium().fail_step();
  EXPECT_FALSE(under_test.import(0, 10));
  EXPECT_EQ(under_test.medium().most_staged(), 1U);
  EXPECT_EQ(under_test.medium().staged(), 0U);
}

// The journal finds that the medium is gone while the change is on its way to it. An import that
// comes later is refused at once, without a trace: then the round tests nothing, and the next one
// gives the import more time.
TEST(ChainStoreBulk, RefusedAfterItWasStagedIsDropped) {
  bool tested = false;
  for (Duration head_start = 1ms; !tested; head_start *= 2) {
    auto medium = std::make_unique<StagingMedium>();
    medium->hold_check();
    StagingStore under_test(std::move(medium));
    under_test.medium().wait_for_check();
    auto refused = std::async(std::launch::async, [&] { return under_test.import(0, 10); });
    std::this_thread::sleep_for(head_start);
    under_test.medium().release_check();
    EXPECT_FALSE(refused.get());
    tested = under_test.medium().most_staged() > 0;
    EXPECT_EQ(under_test.medium().staged(), 0U);
  }
}

}  // namespace
}  // namespace sluice::store
