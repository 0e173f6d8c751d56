// SPDX-License-Identifier: Apache-2.0
// For tests: a shared medium in memory. The test plays its other process, which the store may
// follow.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/bulk.h"
#include "store/memory/memory_medium.h"
#include "store/outlook.h"
#include "store/testing/contest.h"

namespace sluice::store {

class ContestedMedium final : public MemoryMedium, public Contest {
 public:
  explicit ContestedMedium(bool follows = false, Duration gathering = {})
      : follows_(follows), gathering_(gathering) {}

  bool may_lose() const override { return true; }
  Duration gathering() const override { return gathering_; }
  bool can_follow() const override { return follows_; }
  void attend(Audience& audience) override { audience_ = &audience; }
  Result<Followed> follow(const std::string& ns, TimePoint until, const Visit& visit) override {
    const MutexLock lock(mutex_);
    while (holding_follows_ && until == TimePoint::max()) changed_.wait(mutex_);
    if (holding_follows_) return fail(ErrorKind::timed_out, "there are too many entries");
    SLUICE_TRY(const Version version, MemoryMedium::load(ns, visit));
    Seen& seen = seen_[ns];
    seen = Seen();
    seen.following = ++followings_;
    return Followed{seen.following, version};
  }
  void listen(const std::string& ns, Following following) override {
    const MutexLock lock(mutex_);
    Seen& seen = seen_[ns];
    if (seen.following != following) return;
    seen.live = true;
    show(ns);
  }
  void stop_following(const std::string& ns, Fence /*fence*/) override {
    const MutexLock lock(mutex_);
    seen_.erase(ns);
  }
  void on_news(std::function<void()> ring) override { ring_ = std::move(ring); }
  std::vector<News> take_news() override {
    const MutexLock lock(mutex_);
    return std::exchange(news_, {});
  }
  Result<std::optional<Fence>> acquire(const std::string& ns,
                                       const std::shared_ptr<Outlook>& outlook) override {
    outlook->on_question([this, ns, its = outlook.get()] { answer(ns, *its); });
    const MutexLock lock(mutex_);
    Ownership& owner = owners_[ns];
    owner.outlook = outlook;
    publish(ns);
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
      const Ownership& owner = owners_[std::string(batch.ns)];
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
    Ownership& owner = owners_[ns];
    owner.taken = true;
    publish(ns);
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
    SeenGroup group{.version = version, .changes = {}};
    for (const Write& write : commit.writes) {
      const Record& record = *write.record;
      group.changes.push_back({Record::make(record.key(), record.value()), write.op});
    }
    (void)MemoryMedium::write({&batch, 1});
    if (seen_.contains(ns)) seen_[ns].waiting.push_back(std::move(group));
    show(ns);
    return version;
  }
  void give(const std::string& ns) override {
    const MutexLock lock(mutex_);
    Ownership& owner = owners_[ns];
    owner.taken = false;
    publish(ns);
    tell({ns, ++owner.fence, true});
  }

  // Groups of the other process are seen only after show_groups().
  void hide_groups() {
    const MutexLock lock(mutex_);
    hidden_ = true;
  }
  void show_groups() {
    const MutexLock lock(mutex_);
    hidden_ = false;
    for (const auto& [ns, seen] : seen_) show(ns);
  }
  // Questions have no answer.
  void set_mute(bool mute) { mute_ = mute; }
  // The next `times` answers name a version that is never written.
  void exaggerate(int times) { exaggerated_ = times; }
  [[nodiscard]] int answers() const { return answers_; }
  // Half of each group comes with the next one.
  void set_halves(bool halves) {
    const MutexLock lock(mutex_);
    halves_ = halves;
  }
  // The following ends, as after a gap.
  void lose_sight(const std::string& ns) {
    const MutexLock lock(mutex_);
    const Following following = seen_[ns].following;
    seen_.erase(ns);
    audience_->on_end(ns, following, false);
  }

  // check() reports it, and write() goes on.
  void set_trouble(std::string trouble) {
    const MutexLock lock(mutex_);
    trouble_ = std::move(trouble);
  }
  Result<void> check() override {
    const MutexLock lock(mutex_);
    return trouble_.empty() ? Result<void>() : fail(ErrorKind::unavailable, trouble_);
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
  // The namespaces that are followed have too many entries for a caller that does not wait; the
  // others wait until release_follows().
  void hold_follows() {
    const MutexLock lock(mutex_);
    holding_follows_ = true;
  }
  void release_follows() {
    const MutexLock lock(mutex_);
    holding_follows_ = false;
    changed_.notify_all();
  }
  void end_reads() override { release_follows(); }
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
  struct Ownership {
    Fence fence = 1;
    bool taken = false;
    std::shared_ptr<Outlook> outlook{};
  };
  struct Seen {
    Following following = 0;
    bool live = false;
    std::vector<SeenGroup> waiting{};
    std::vector<SeenGroup::Change> kept{};
  };
  void show(const std::string& ns) SLUICE_REQUIRES(mutex_) {
    const auto seen = seen_.find(ns);
    if (seen == seen_.end() || !seen->second.live || hidden_) return;
    for (SeenGroup& group : std::exchange(seen->second.waiting, {})) {
      if (halves_) halve(seen->second, group);
      audience_->on_group(ns, seen->second.following, std::move(group));
    }
  }
  static void halve(Seen& seen, SeenGroup& group) {
    std::vector<SeenGroup::Change> kept;
    for (std::size_t i = 1; i < group.changes.size(); i += 2) {
      kept.push_back(std::move(group.changes[i]));
    }
    std::erase_if(group.changes, [](const auto& change) { return !change.record; });
    for (SeenGroup::Change& change : group.changes) seen.kept.push_back(std::move(change));
    group.changes = std::exchange(seen.kept, std::move(kept));
  }
  void publish(const std::string& ns) SLUICE_REQUIRES(mutex_) {
    const Ownership& its = owners_[ns];
    if (!its.outlook) return;
    auto owner = std::make_shared<Owner>();
    owner->member = its.taken ? "rival" : "me";
    owner->fence = its.fence;
    owner->me = !its.taken;
    its.outlook->set_owner(std::move(owner));
    if (audience_ != nullptr) audience_->on_outlook(ns);
  }
  // On the thread of the run that asks; the Outlook calls it once at a time.
  void answer(const std::string& ns, Outlook& outlook) {
    while (const auto number = outlook.begin_question()) {
      ++answers_;
      Result<Version> said = MemoryMedium::version(ns);
      if (exaggerated_ > 0) said = *said + 1;
      if (exaggerated_ > 0) --exaggerated_;
      if (mute_) said = no_answer();
      outlook.end_question(*number, std::move(said));
      audience_->on_outlook(ns);
    }
  }
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

  const bool follows_;
  const Duration gathering_;
  Audience* audience_ = nullptr;
  std::atomic<bool> mute_ = false;
  std::atomic<int> exaggerated_ = 0;
  std::atomic<int> answers_ = 0;
  std::function<void()> ring_;
  Mutex mutex_;  // taken before the mutex of MemoryMedium
  Condition changed_;
  std::map<std::string, Ownership> owners_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, Seen> seen_ SLUICE_GUARDED_BY(mutex_);
  Following followings_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool hidden_ SLUICE_GUARDED_BY(mutex_) = false;
  bool halves_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<News> news_ SLUICE_GUARDED_BY(mutex_);
  std::set<const Bulk*> staged_ SLUICE_GUARDED_BY(mutex_);
  int questions_ SLUICE_GUARDED_BY(mutex_) = 0;
  int failing_loads_ SLUICE_GUARDED_BY(mutex_) = 0;
  int loads_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool broken_ SLUICE_GUARDED_BY(mutex_) = false;
  std::string trouble_ SLUICE_GUARDED_BY(mutex_);
  bool holding_follows_ SLUICE_GUARDED_BY(mutex_) = false;
  bool holding_loads_ SLUICE_GUARDED_BY(mutex_) = false;
  bool holding_writes_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::store
