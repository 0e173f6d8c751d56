// SPDX-License-Identifier: Apache-2.0
// Chain: one namespace, during one ownership of it, or while this process follows the owners. It
// holds the commits, and knows their followers: the journal, the cores' views, the mirror, and the
// base, from which new views are copied until every core has its view. Cores append and follow
// without a lock (Follower). Other threads, and a core's first use, take the mutex.
//
// A loss of the ownership ends the chain. A closing node (Node::is_end) behind its last commit lets
// no core append, and its commits that are not durable are lost. The next ownership is another
// Chain, which takes over the views. Invariant: its versions and marks are above all of the old
// chain. So a run that has read from the old chain cannot mistake the new state for what it has
// read.
//
// A chain that follows has the groups of other processes as its commits. They are durable, and only
// the medium appends them. Such a chain ends when this process takes the namespace, or when it
// cannot go on; the next chain follows it in the same way.
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
  // For a shared medium, before the first ownership: an empty chain that has ended.
  [[nodiscard]] static std::shared_ptr<Chain> without_owner(std::string name,
                                                            std::shared_ptr<Engine> engine);
  // The chain of the next ownership, from the state that the medium has now. Requires: `before` has
  // ended, or follows. Any thread but a worker's and the journal's.
  [[nodiscard]] static Result<std::shared_ptr<Chain>> succeed(Chain& before, Fence fence,
                                                              Medium& medium);
  // The same from what `before` has. Requires: `before` follows, and has all that the medium has.
  [[nodiscard]] static std::shared_ptr<Chain> succeed_followed(Chain& before, Fence fence,
                                                               Medium& medium);
  // The chain of a following, from a state of the medium. Requires and thread: likewise.
  [[nodiscard]] static std::shared_ptr<Chain> follow(Chain& before, Medium& medium,
                                                     const Medium::Followed& state,
                                                     std::vector<RecordRef> records);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  // The Store is closing: drops the views.
  void close();

  // Any thread.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::atomic<Version>& durable() const { return durable_; }
  [[nodiscard]] TurnQueue& turns() { return turns_; }
  [[nodiscard]] Fence fence() const { return tenure_.fence; }
  // 0: an ownership of this process.
  [[nodiscard]] Following following() const { return tenure_.following; }
  [[nodiscard]] bool is_owned() const { return tenure_.following == 0 && !has_ended(); }
  [[nodiscard]] bool follows() const { return tenure_.following != 0 && !has_ended(); }
  // Null if the medium is not shared.
  [[nodiscard]] const std::shared_ptr<Outlook>& outlook() const { return outlook_; }
  // The ownership is lost, or there was none yet.
  [[nodiscard]] const std::atomic<bool>& ended() const { return ended_; }
  [[nodiscard]] bool has_ended() const { return ended_.load(std::memory_order_seq_cst); }
  // The journal cannot write this chain: new commits are refused, and waits end with `unavailable`.
  // A medium of one process fails for all chains at once, a shared one for each by itself.
  [[nodiscard]] const std::atomic<bool>& failing() const {
    return engine_->may_lose ? failing_ : engine_->failing;
  }
  [[nodiscard]] bool refuses_writes() const {
    return failing().load(std::memory_order_seq_cst) ||
           engine_->closed.load(std::memory_order_acquire);
  }
  // Any thread, after something that has_work() sees: the journal writes it.
  void ring() {
    if (!under_way_.load(std::memory_order_seq_cst)) engine_->bell->ring();
  }
  // The first version of this chain. Lower versions belong to earlier chains, or are 0.
  [[nodiscard]] Version first() const { return tenure_.first; }
  enum class VersionFate { durable, lost, forgotten };
  // The fate of a version below first().
  [[nodiscard]] VersionFate fate(Version version) const;
  // Translates a version of this chain or an earlier one to the version as the medium counts.
  [[nodiscard]] Version position(Version version) const;
  // The version of this chain that the medium counts as `position`.
  [[nodiscard]] Version version_at(Version position) const { return position + tenure_.offset; }

  // Confirmations of the ownership are numbered, and begin in their order. Any thread.
  // The number of the last one that has begun.
  [[nodiscard]] std::uint64_t confirmations_begun() const {
    return begun_.load(std::memory_order_seq_cst);
  }
  // The number of the last one that has succeeded.
  [[nodiscard]] const std::atomic<std::uint64_t>& confirmed() const { return confirmed_; }
  // The ownership is confirmed until then: Batch::permit. Any thread.
  [[nodiscard]] BootTime permit() const {
    return BootTime(Duration(permit_.load(std::memory_order_seq_cst)));
  }
  // The ownership is confirmed now.
  [[nodiscard]] bool is_permitted() const {
    return permit() != BootTime() && BootClock::now() < permit() && is_owned();
  }
  // Asks for confirmations up to `number`. Requires: the caller calls ring() afterwards.
  void ask_confirmation(std::uint64_t number);
  // Invariant: the medium has no version of this ownership above it. Any thread.
  [[nodiscard]] Version sent() const { return sent_.load(std::memory_order_seq_cst); }

  // What the owner tells other members. Requires: the ownership is confirmed.
  [[nodiscard]] OwnerAnswer newest() const;

  // --- A limit on the keys, and the seal (chain_limit.cc) ---

  // Any thread but a worker's. Holds a limit that is newer than the present one, behind the last
  // commit. Returns the version behind which it holds; 0: the chain holds it already, or is not
  // owned. None: the chain is sealed, and holds the limit from the opening on, which has begun.
  std::optional<Version> hold_limit(const KeyLimit& limit);
  // Any thread but a worker's. True if hold_limit() would change nothing.
  [[nodiscard]] bool holds_limit(const KeyLimit& limit);
  // Any thread but a worker's; none: there is no limit, or no core holds the contents.
  [[nodiscard]] std::optional<HeldLimit> limit();
  // Any thread. Invariant: while it is true, nothing is committed.
  [[nodiscard]] bool is_sealed() const { return sealed_.load(std::memory_order_seq_cst); }
  void ask_opening();
  // The number of openings so far.
  [[nodiscard]] const std::atomic<std::uint64_t>& openings() const { return openings_; }
  // The journal's thread: seals a namespace that is full and quiet, and opens one on demand.
  // Returns when to call it again at the latest; none: after the next group, or an ask_opening().
  [[nodiscard]] std::optional<TimePoint> tend_seal();

  // Any thread but a worker's.
  [[nodiscard]] Result<void> load(Medium& medium);
  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return hash_(key); }
  // Appends a node that depends on no reads. Returns its version; 0, and the node stays with the
  // caller, if the chain has ended, follows, or is sealed.
  [[nodiscard]] Version append(NodePtr& node);
  // The same for a node with a bulk change, whose state it builds. Takes time in proportion to the
  // change. No core waits for it.
  [[nodiscard]] Version append_bulk(NodePtr& node) SLUICE_REQUIRES(bulk_mutex_);
  // One thread at a time: appends a group of another process. False if the chain has ended.
  // Requires: the chain follows, and `group` is above its last version.
  bool append_seen(SeenGroup group);
  // Ends the chain and tells the views. The journal's thread; any if the chain follows.
  void end();
  // Moves the views of `before`, which ends now at the latest, to `chain`. Requires: no other
  // thread knows `chain`.
  static void adopt_views(const std::shared_ptr<Chain>& chain, Chain& before);
  [[nodiscard]] Mutex& bulk_mutex() SLUICE_RETURN_CAPABILITY(bulk_mutex_) { return bulk_mutex_; }
  // A core counts these prefixes. New replicas then have counters for them. Returns the prefixes
  // that save_prefixes() is to save.
  [[nodiscard]] std::vector<std::string> note_prefixes(std::vector<std::string> prefixes);
  // Saves the prefixes for the next start. May wait for the disk. Requires: the Store lives.
  void save_prefixes(const std::vector<std::string>& prefixes);
  [[nodiscard]] Version committed() const;
  [[nodiscard]] std::optional<std::uint64_t> keys() const;  // nullopt: not loaded
  // The time since the journal first saw the oldest commit that is not durable.
  [[nodiscard]] Duration durable_lag() const;

  // Makes a core's view: `home` keeps the turns, `place` has the version of `replica`.
  using MakeView = std::function<std::shared_ptr<AttachedView>(loop::EventLoop& home,
                                                               Replica replica, Node* place)>;
  // The core's view, which its first call makes. The core's thread, after load(). Null before
  // load(), and when another chain has adopted the views.
  [[nodiscard]] AttachedView* attach(const loop::Core& core, const MakeView& make);
  // The core's thread, once for each adopted view: the state from which it follows this chain, and
  // its place. None if the Store is closing.
  [[nodiscard]] std::optional<std::pair<Replica, Node*>> join();

  // The journal's thread.
  [[nodiscard]] Node* journaled() const { return journaled_; }
  void set_journaled(Node* last);
  // The commit behind `node`; null if there is none.
  [[nodiscard]] static Node* next_commit(const Node* node) {
    Node* next = node->next.load(std::memory_order_seq_cst);
    return next == nullptr || next->is_end() ? nullptr : next;
  }
  [[nodiscard]] bool has_work() const {
    return is_owned() && (next_commit(journaled_) != nullptr || wants_confirmation());
  }
  // Commits up to `version` are about to be sent to the medium.
  void note_sent(Version version) {
    if (version > sent()) sent_.store(version, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool wants_confirmation() const {
    return wanted_.load(std::memory_order_seq_cst) > confirmed_.load(std::memory_order_relaxed);
  }
  // Returns the number of the confirmation, for set_confirmed().
  std::uint64_t begin_confirmation() { return begun_.fetch_add(1, std::memory_order_seq_cst) + 1; }
  void set_confirmed(std::uint64_t number) { confirmed_.store(number, std::memory_order_seq_cst); }
  void set_permit(BootTime until) {
    permit_.store(until.time_since_epoch().count(), std::memory_order_seq_cst);
  }
  // Requires for both: the medium is shared.
  void set_failing(bool fails) { failing_.store(fails, std::memory_order_seq_cst); }
  // A batch of this chain is being written, or commits gather behind one. The journal looks at the
  // chain again afterwards.
  void set_under_way(bool is) { under_way_.store(is, std::memory_order_seq_cst); }
  // Notes that there are commits that are not durable.
  void note_pending();
  void free_passed_nodes();
  // Collects the views that wait for news.
  void collect_waiting(std::vector<std::shared_ptr<AttachedView>>& views);

 private:
  // An earlier ownership. Versions above `durable` are lost.
  struct Past {
    Version first;
    Version durable;
    Version offset;
  };
  // This ownership, or this following.
  struct Tenure {
    Fence fence = 0;
    Following following = 0;
    Version first = 0;
    Version offset = 0;      // a version minus this is the version as the medium counts
    std::vector<Past> past;  // in order; a limited number
  };
  Chain(std::string name, Version durable, std::shared_ptr<Engine> engine, const Hash& hash,
        Tenure tenure);
  // `next`: without versions. Requires: the chain has ended, or follows.
  [[nodiscard]] Tenure next_tenure(Tenure next, Version in_medium) const;
  [[nodiscard]] static std::shared_ptr<Chain> continue_with(Chain& before, Medium& medium,
                                                            Tenure tenure,
                                                            std::vector<RecordRef> records,
                                                            const std::optional<LimitState>& limit);
  [[nodiscard]] static std::shared_ptr<Chain> make_next(Chain& before, Medium& medium,
                                                        Tenure tenure, Replica replica);
  // The last commit, or the first node.
  [[nodiscard]] Node* last_node() const SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::size_t bulk_marks() SLUICE_EXCLUDES(mirror_mutex_);
  void set_contents(Medium& medium, Replica replica, Node* place, std::vector<std::string> prefixes)
      SLUICE_REQUIRES(mirror_mutex_, mutex_);
  [[nodiscard]] bool has_all_views() const SLUICE_REQUIRES(mutex_) {
    return joined_ == views_.size();
  }
  [[nodiscard]] Replica take_base() SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::vector<std::string> known_prefixes() const SLUICE_EXCLUDES(mutex_);
  Node* link_bulk(NodePtr& node, Node* place) SLUICE_REQUIRES(mirror_mutex_);
  void set_mirror(std::unique_ptr<Follower> mirror) SLUICE_REQUIRES(mirror_mutex_);
  // chain_limit.cc
  // Returns 0 if the chain has ended.
  [[nodiscard]] Version append_limit(const LimitState& state) SLUICE_REQUIRES(mirror_mutex_);
  [[nodiscard]] std::optional<TimePoint> tend_seal(const HeldLimit& held)
      SLUICE_REQUIRES(mirror_mutex_);
  [[nodiscard]] std::optional<TimePoint> tend_opening(const LimitState& state)
      SLUICE_REQUIRES(mirror_mutex_);
  [[nodiscard]] static bool is_newer(const KeyLimit& limit, const HeldLimit* held);
  // The limit behind a group of another process, which follows the last commit.
  [[nodiscard]] std::unique_ptr<HeldLimit> seen_limit(const LimitState& state, const Node& group);
  // The keys with the prefix behind a group that follows the mirror.
  [[nodiscard]] std::uint64_t count_behind(const std::string& prefix, const Node& group)
      SLUICE_REQUIRES(mirror_mutex_);

  const std::string name_;
  const std::shared_ptr<Engine> engine_;
  const Hash hash_;
  const Tenure tenure_;
  std::shared_ptr<Outlook> outlook_;  // set before other threads know the chain
  TurnQueue turns_;
  std::atomic<Version> durable_;
  std::atomic<Version> sent_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> failing_{false};    // with a shared medium
  std::atomic<bool> under_way_{false};  // likewise
  std::atomic<std::uint64_t> wanted_{0};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> confirmed_{0};
  std::atomic<Duration::rep> permit_{0};
  std::atomic<bool> limited_{false};  // there is, or was, a limit
  std::atomic<bool> sealed_{false};   // changes with mutex_ held
  std::atomic<Version> seal_{0};      // not 0: the owner gives his word for this version
  std::atomic<bool> opening_wanted_{false};
  std::atomic<std::uint64_t> openings_{0};
  std::atomic<TimePoint> pending_since_{TimePoint()};       // TimePoint(): all is durable
  Mutex bulk_mutex_ SLUICE_ACQUIRED_BEFORE(mirror_mutex_);  // one bulk change at a time
  // Guards the object that mirror_ points to, and loading.
  Mutex mirror_mutex_ SLUICE_ACQUIRED_BEFORE(mutex_);
  std::atomic<std::size_t> prefix_news_{0};                                // changes of prefixes_
  std::optional<KeyLimit> wanted_limit_ SLUICE_GUARDED_BY(mirror_mutex_);  // the newest known
  // Of tend_seal(), which only the journal's thread calls.
  Version quiet_at_ = 0;
  TimePoint quiet_since_{};
  std::optional<BootTime> opens_at_{};

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
      SLUICE_GUARDED_BY(mutex_);                               // by core, null until attached
  std::size_t joined_ SLUICE_GUARDED_BY(mutex_) = 0;           // how many follow this chain
  loop::EventLoop* home_ SLUICE_GUARDED_BY(mutex_) = nullptr;  // of the first view
  bool superseded_ SLUICE_GUARDED_BY(mutex_) = false;  // the next chain has adopted the views
};

}  // namespace sluice::store
