// SPDX-License-Identifier: Apache-2.0
// For tests: a shared medium in memory. The test plays its other process.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/bulk.h"
#include "store/memory/memory_medium.h"
#include "store/testing/contest.h"

namespace sluice::store {

class ContestedMedium final : public MemoryMedium, public Contest {
 public:
  bool may_lose() const override { return true; }
  void on_news(std::function<void()> ring) override { ring_ = std::move(ring); }
  std::vector<News> take_news() override {
    const MutexLock lock(mutex_);
    return std::exchange(news_, {});
  }
  Result<std::optional<Fence>> acquire(const std::string& ns) override {
    const MutexLock lock(mutex_);
    Owner& owner = owners_[ns];
    if (owner.taken) return std::nullopt;
    return std::optional<Fence>(owner.fence);
  }
  Result<void> write(std::span<Batch> group) override {
    const MutexLock lock(mutex_);
    ++questions_;
    changed_.notify_all();
    while (holding_writes_) changed_.wait(mutex_);
    if (broken_) return no_answer();
    std::vector<Batch> held;
    for (Batch& batch : group) {
      const Owner& owner = owners_[std::string(batch.ns)];
      batch.lost = owner.taken || owner.fence != batch.fence;
      if (batch.lost || batch.last == batch.after) continue;
      held.push_back(batch);
      forget_staged(batch);
    }
    return MemoryMedium::write(held);
  }
  Result<bool> stage(std::string_view /*ns*/, Bulk& bulk) override {
    const MutexLock lock(mutex_);
    staged_.insert(&bulk);
    return true;
  }
  void drop_staged(const Bulk& bulk) override {
    const MutexLock lock(mutex_);
    staged_.erase(&bulk);
  }
  // Under hold_loads(), reads at once and returns late.
  Result<Version> load(const std::string& ns, const Visit& visit) override {
    {
      const MutexLock lock(mutex_);
      if (failing_loads_ > 0) {
        --failing_loads_;
        return no_answer();
      }
    }
    const auto version = MemoryMedium::load(ns, visit);
    const MutexLock lock(mutex_);
    ++loads_;
    changed_.notify_all();
    while (holding_loads_) changed_.wait(mutex_);
    return version;
  }

  void take(const std::string& ns, Learns learns) override {
    const MutexLock lock(mutex_);
    Owner& owner = owners_[ns];
    owner.taken = true;
    if (learns == Learns::by_news) tell({ns, owner.fence, false});
  }
  Version change(const std::string& ns, const std::function<void(Entries&)>& edit) override {
    const MutexLock lock(mutex_);
    Entries before;
    const auto keep = [&](std::string_view key, std::string_view value) {
      before.emplace(key, value);
    };
    const Version version = MemoryMedium::load(ns, keep).value_or(0) + 1;
    Entries after = before;
    edit(after);
    Node place;
    Node commit;
    place.next.store(&commit, std::memory_order_relaxed);
    commit.version = version;
    for (const auto& [key, value] : before) {
      if (!after.contains(key)) commit.writes.push_back({Record::make(key, {}), 0, Op::erase});
    }
    for (const auto& [key, value] : after) {
      commit.writes.push_back({Record::make(key, value), 0, Op::put});
    }
    Batch batch{.ns = ns, .after = &place, .last = &commit, .version = version, .fence = 0};
    (void)MemoryMedium::write({&batch, 1});
    return version;
  }
  void give(const std::string& ns) override {
    const MutexLock lock(mutex_);
    Owner& owner = owners_[ns];
    owner.taken = false;
    tell({ns, ++owner.fence, true});
  }

  // While `broken`, write() fails.
  void set_broken(bool broken) {
    const MutexLock lock(mutex_);
    broken_ = broken;
  }
  void fail_loads(int times) {
    const MutexLock lock(mutex_);
    failing_loads_ = times;
  }
  // Holds the loads that have read, until release_loads().
  void hold_loads() {
    const MutexLock lock(mutex_);
    holding_loads_ = true;
    loads_ = 0;
  }
  // Blocks until a load has read since hold_loads().
  void wait_for_load() {
    const MutexLock lock(mutex_);
    while (loads_ == 0) changed_.wait(mutex_);
  }
  void release_loads() {
    const MutexLock lock(mutex_);
    holding_loads_ = false;
    changed_.notify_all();
  }
  // Holds each write() until release_writes().
  void hold_writes() {
    const MutexLock lock(mutex_);
    holding_writes_ = true;
    questions_ = 0;
  }
  // Blocks until a write() has begun since hold_writes().
  void wait_for_write() {
    const MutexLock lock(mutex_);
    while (questions_ == 0) changed_.wait(mutex_);
  }
  void release_writes() {
    const MutexLock lock(mutex_);
    holding_writes_ = false;
    changed_.notify_all();
  }
  // The number of calls of write() since hold_writes().
  [[nodiscard]] int questions() {
    const MutexLock lock(mutex_);
    return questions_;
  }
  // The number of bulk changes that are staged, and neither written nor dropped.
  [[nodiscard]] std::size_t staged() {
    const MutexLock lock(mutex_);
    return staged_.size();
  }

 private:
  struct Owner {
    Fence fence = 1;
    bool taken = false;
  };
  static std::unexpected<Error> no_answer() {
    return fail(ErrorKind::unavailable, "no answer: look at the network");
  }
  void tell(News news) SLUICE_REQUIRES(mutex_) {
    news_.push_back(std::move(news));
    if (ring_) ring_();
  }
  void forget_staged(const Batch& batch) SLUICE_REQUIRES(mutex_) {
    for (const Node* node = batch.after; node != batch.last;) {
      node = node->next.load(std::memory_order_acquire);
      if (node->bulk) staged_.erase(node->bulk.get());
    }
  }

  std::function<void()> ring_;
  Mutex mutex_;  // taken before the mutex of MemoryMedium
  Condition changed_;
  std::map<std::string, Owner> owners_ SLUICE_GUARDED_BY(mutex_);
  std::vector<News> news_ SLUICE_GUARDED_BY(mutex_);
  std::set<const Bulk*> staged_ SLUICE_GUARDED_BY(mutex_);
  int questions_ SLUICE_GUARDED_BY(mutex_) = 0;
  int failing_loads_ SLUICE_GUARDED_BY(mutex_) = 0;
  int loads_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool broken_ SLUICE_GUARDED_BY(mutex_) = false;
  bool holding_loads_ SLUICE_GUARDED_BY(mutex_) = false;
  bool holding_writes_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::store
