// SPDX-License-Identifier: Apache-2.0
// Chain: one namespace. The chain of its commits, and who follows it: the journal, the views of the
// cores, until every core has its view the base, from which new views are copied, and the mirror.
// Cores append and follow without a lock (Follower); the mutex is for everybody else, and for a
// core's first use.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "loop/core.h"
#include "store/attached_view.h"
#include "store/engine.h"
#include "store/follower.h"
#include "store/hash.h"
#include "store/medium.h"
#include "store/turn_queue.h"

namespace sluice::store {

class Chain {
 public:
  // `durable`: the version that the medium has.
  Chain(std::string name, Version durable, std::shared_ptr<Engine> engine);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  // The Store is closing: drops the views.
  void close();

  // Any thread.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::atomic<Version>& durable() const { return durable_; }
  [[nodiscard]] TurnQueue& turns() { return turns_; }

  // Any thread but a worker's.
  [[nodiscard]] Result<void> load(Medium& medium);
  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return hash_(key); }
  // Appends what has read nothing. Returns its version.
  Version append(NodePtr node);
  // The same for a node with a bulk change, whose state it makes; one at a time. Takes as long as
  // the change is big, and no core waits for it.
  Version append_bulk(NodePtr node) SLUICE_REQUIRES(bulk_mutex_);
  [[nodiscard]] Mutex& bulk_mutex() SLUICE_RETURN_CAPABILITY(bulk_mutex_) { return bulk_mutex_; }
  // A core counts these prefixes. New replicas then have counters for them, also after the next
  // start. May wait for the disk. Requires: the Store lives.
  void remember_prefixes(std::vector<std::string> prefixes);
  [[nodiscard]] Version committed() const;
  [[nodiscard]] std::optional<std::uint64_t> keys() const;  // nullopt: not loaded
  // The time since the journal first saw the oldest commit that is not durable.
  [[nodiscard]] Duration durable_lag() const;

  // Makes a core's view: `home` keeps the turns, `place` has the version of `replica`.
  using MakeView = std::function<std::shared_ptr<AttachedView>(loop::EventLoop& home,
                                                               Replica replica, Node* place)>;
  // The core's view, which its first call makes. The core's thread, after load(); null before.
  [[nodiscard]] AttachedView* attach(const loop::Core& core, const MakeView& make);

  // The journal's thread.
  [[nodiscard]] Node* journaled() const { return journaled_; }
  void set_journaled(Node* last);
  // There are commits that are not durable.
  void note_pending();
  void free_passed_nodes();
  // Collects the views that wait for news.
  void collect_waiting(std::vector<std::shared_ptr<AttachedView>>& views);

 private:
  [[nodiscard]] bool has_all_views() const SLUICE_REQUIRES(mutex_) {
    return view_count_ == views_.size();
  }
  [[nodiscard]] Replica take_base() SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::vector<std::string> known_prefixes() const SLUICE_EXCLUDES(mutex_);
  Node* link_bulk(NodePtr node, Node* place) SLUICE_REQUIRES(mirror_mutex_);
  void set_mirror(std::unique_ptr<Follower> mirror) SLUICE_REQUIRES(mirror_mutex_);

  const std::string name_;
  const std::shared_ptr<Engine> engine_;
  const Hash hash_;
  TurnQueue turns_;
  std::atomic<Version> durable_;
  std::atomic<TimePoint> pending_since_{TimePoint()};       // TimePoint(): all is durable
  Mutex bulk_mutex_ SLUICE_ACQUIRED_BEFORE(mirror_mutex_);  // one bulk change at a time
  // Guards the object that mirror_ points to, and loading.
  Mutex mirror_mutex_ SLUICE_ACQUIRED_BEFORE(mutex_);
  std::atomic<std::size_t> prefix_news_{0};  // changes of prefixes_

  mutable Mutex mutex_;
  Node* oldest_ SLUICE_GUARDED_BY(mutex_);  // the first node not freed; owns it and all behind it
  Node* journaled_;  // the last node that the journal has written; only its thread changes this
  Node* pinned_ SLUICE_GUARDED_BY(mutex_) =
      nullptr;  // while loading: where the journal was when it began
  std::unique_ptr<Follower> base_ SLUICE_GUARDED_BY(mutex_);
  // A replica off the cores, from load() on: bulk changes start from it. It is not advanced while a
  // bulk change is built. Written with mirror_mutex_ and mutex_ held, read with either.
  std::unique_ptr<Follower> mirror_;
  std::vector<std::string> prefixes_ SLUICE_GUARDED_BY(mutex_);  // remembered last
  Medium* medium_ SLUICE_GUARDED_BY(mutex_) = nullptr;           // from load() on
  std::size_t prefixes_kept_ SLUICE_GUARDED_BY(mutex_) = 0;      // by the medium
  std::vector<std::shared_ptr<AttachedView>> views_
      SLUICE_GUARDED_BY(mutex_);  // by core, null until attached
  std::size_t view_count_ SLUICE_GUARDED_BY(mutex_) = 0;
  loop::EventLoop* home_ SLUICE_GUARDED_BY(mutex_) = nullptr;  // of the first view
};

}  // namespace sluice::store
