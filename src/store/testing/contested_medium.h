// SPDX-License-Identifier: Apache-2.0
// For tests: a shared medium in memory. Its other user is the test.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/memory/memory_medium.h"
#include "store/testing/contest.h"

namespace sluice::store {

class ContestedMedium final : public MemoryMedium, public Contest {
 public:
  bool may_lose() const override { return true; }
  void on_news(std::function<void()> ring) override { ring_ = std::move(ring); }
  std::vector<News> take_news() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, {});
  }
  Result<std::optional<Fence>> acquire(const std::string& ns) override {
    const std::lock_guard lock(mutex_);
    Owner& owner = owners_[ns];
    if (owner.taken) return std::nullopt;
    return std::optional<Fence>(owner.fence);
  }
  Result<void> write(std::span<Batch> group) override {
    const std::lock_guard lock(mutex_);
    ++questions_;
    if (broken_) return fail(ErrorKind::unavailable, "no answer: look at the network");
    std::vector<Batch> held;
    for (Batch& batch : group) {
      const Owner& owner = owners_[std::string(batch.ns)];
      batch.lost = owner.taken || owner.fence != batch.fence;
      if (!batch.lost && batch.last != batch.after) held.push_back(batch);
    }
    return MemoryMedium::write(held);
  }
  Result<Version> load(const std::string& ns, const Visit& visit) override {
    {
      const std::lock_guard lock(mutex_);
      if (failing_loads_ > 0 && failing_loads_-- > 0) {
        return fail(ErrorKind::unavailable, "no answer: look at the network");
      }
    }
    return MemoryMedium::load(ns, visit);
  }

  void take(const std::string& ns, Learns learns) override {
    const std::lock_guard lock(mutex_);
    Owner& owner = owners_[ns];
    owner.taken = true;
    if (learns == Learns::by_news) tell({ns, owner.fence, false});
  }
  Version change(const std::string& ns, const std::function<void(Entries&)>& edit) override {
    const std::lock_guard lock(mutex_);
    Entries before;
    const Version version =
        MemoryMedium::load(ns, [&](std::string_view key, std::string_view value) {
          before.emplace(key, value);
        }).value_or(0);
    Entries after = before;
    edit(after);
    Node place;
    Node commit;
    place.next.store(&commit, std::memory_order_relaxed);
    commit.version = version + 1;
    for (const auto& [key, value] : before) {
      if (!after.contains(key)) commit.writes.push_back({Record::make(key, {}), 0, Op::erase});
    }
    for (const auto& [key, value] : after) {
      commit.writes.push_back({Record::make(key, value), 0, Op::put});
    }
    Batch batch{.ns = ns, .after = &place, .last = &commit, .version = version + 1, .fence = 0};
    (void)MemoryMedium::write({&batch, 1});
    return version + 1;
  }
  void give(const std::string& ns) override {
    const std::lock_guard lock(mutex_);
    Owner& owner = owners_[ns];
    owner.taken = false;
    tell({ns, ++owner.fence, true});
  }

  // While `broken` write() fails.
  void set_broken(bool broken) {
    const std::lock_guard lock(mutex_);
    broken_ = broken;
  }
  void fail_loads(int times) {
    const std::lock_guard lock(mutex_);
    failing_loads_ = times;
  }
  // Calls of write().
  [[nodiscard]] int questions() {
    const std::lock_guard lock(mutex_);
    return questions_;
  }

 private:
  struct Owner {
    Fence fence = 1;
    bool taken = false;
  };
  void tell(News news) {
    news_.push_back(std::move(news));
    if (ring_) ring_();
  }

  std::function<void()> ring_;
  std::mutex mutex_;  // guards the next ones; taken before that of MemoryMedium
  std::map<std::string, Owner> owners_;
  std::vector<News> news_;
  int questions_ = 0;
  bool broken_ = false;
  int failing_loads_ = 0;
};

}  // namespace sluice::store
