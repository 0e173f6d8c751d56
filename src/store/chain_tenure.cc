// SPDX-License-Identifier: Apache-2.0
// The functions of Chain for the beginning and the end of an ownership or a following: one Chain of
// a namespace comes after another.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/chain.h"

namespace sluice::store {
namespace {

// The maximum of earlier ownerships whose versions are remembered. Runs live for seconds.
constexpr std::size_t kPastMax = 1024;
// A chain that follows gets fewer versions than this while its successor is made.
constexpr Version kFollowedMax = Version{1} << 32;

}  // namespace

std::shared_ptr<Chain> Chain::without_owner(std::string name, std::shared_ptr<Engine> engine) {
  auto chain = std::make_shared<Chain>(std::move(name), 0, std::move(engine));
  chain->outlook_ = std::make_shared<Outlook>(chain->engine_->exchanges);
  {
    const MutexLock loading(chain->mirror_mutex_);
    const MutexLock lock(chain->mutex_);
    Replica nothing(chain->hash_, chain->engine_->backroom, 0);
    chain->mirror_ = std::make_unique<Follower>(nothing.copy(), chain->journaled_);
    chain->base_ = std::make_unique<Follower>(std::move(nothing), chain->journaled_);
  }
  chain->end();
  return chain;
}

void Chain::end() {
  auto end = std::make_unique<Node>();
  end->version = Node::kEnd;
  std::vector<std::shared_ptr<AttachedView>> views;
  {
    const MutexLock lock(mutex_);
    if (has_ended()) return;
    Node* place = journaled_;
    Node* expected = nullptr;
    do {
      while (Node* next = place->next.load(std::memory_order_acquire)) place = next;
      expected = nullptr;
    } while (!place->next.compare_exchange_strong(expected, end.get(), std::memory_order_seq_cst,
                                                  std::memory_order_relaxed));
    (void)end.release();
    ended_.store(true, std::memory_order_seq_cst);
    pending_since_.store(TimePoint(), std::memory_order_relaxed);
    views = views_;
  }
  for (const auto& view : views) {
    if (view) view->on_end();
  }
}

// A chain that follows may grow until its end, and all of its versions are durable.
Chain::Tenure Chain::next_tenure(Tenure next, Version in_medium) const {
  const MutexLock lock(mutex_);
  next.past = tenure_.past;
  const bool followed = tenure_.following != 0;
  if (tenure_.fence == 0 && !followed) {  // no run has seen a version yet
    next.first = std::max<Version>(in_medium, next.following != 0 ? 1 : 0);
    next.offset = next.first - in_medium;
    return next;
  }
  next.first = std::max(in_medium, last_node()->version + (followed ? kFollowedMax : 1));
  next.offset = next.first - in_medium;
  if (next.past.size() >= kPastMax) next.past.erase(next.past.begin());
  next.past.push_back({tenure_.first,
                       followed ? next.first - 1 : durable_.load(std::memory_order_seq_cst),
                       tenure_.offset});
  return next;
}

// A bulk change that was built but not appended has taken a mark, too.
std::size_t Chain::bulk_marks() {
  const MutexLock administration(mirror_mutex_);
  return mirror_ ? mirror_->replica().bulk_marks() + 1 : 0;
}

Result<std::shared_ptr<Chain>> Chain::succeed(Chain& before, Fence fence, Medium& medium) {
  std::vector<RecordRef> records;
  SLUICE_TRY(const Version in_medium,
             medium.load(before.name_, [&](std::string_view key, std::string_view value) {
               records.push_back(Record::make(key, value));
             }));
  Tenure tenure{.fence = fence, .following = 0, .first = 0, .offset = 0, .past = {}};
  return continue_with(before, medium, before.next_tenure(std::move(tenure), in_medium),
                       std::move(records), medium.limit_of(before.name_));
}

std::shared_ptr<Chain> Chain::follow(Chain& before, Medium& medium, const Medium::Followed& state,
                                     std::vector<RecordRef> records) {
  Tenure tenure{.fence = 0, .following = state.following, .first = 0, .offset = 0, .past = {}};
  return continue_with(before, medium, before.next_tenure(std::move(tenure), state.version),
                       std::move(records), state.limit);
}

std::shared_ptr<Chain> Chain::continue_with(Chain& before, Medium& medium, Tenure tenure,
                                            std::vector<RecordRef> records,
                                            const std::optional<LimitState>& limit) {
  Replica replica(before.hash_, before.engine_->backroom, tenure.first, before.bulk_marks());
  for (RecordRef& record : records) replica.load(std::move(record));
  if (limit) replica.hold_limit(*limit);
  return make_next(before, medium, std::move(tenure), std::move(replica));
}

// The records keep their versions, so runs that have read them need not run again.
std::shared_ptr<Chain> Chain::succeed_followed(Chain& before, Fence fence, Medium& medium) {
  const Version in_medium = before.position(before.committed());
  Tenure tenure = before.next_tenure(
      {.fence = fence, .following = 0, .first = 0, .offset = 0, .past = {}}, in_medium);
  const auto copy = [&] {
    const MutexLock administration(before.mirror_mutex_);
    before.mirror_->catch_up();
    return before.mirror_->replica().copy();
  };
  Replica replica = copy();
  replica.raise_version(tenure.first);
  return make_next(before, medium, std::move(tenure), std::move(replica));
}

// `replica`: with the first version of `tenure`.
std::shared_ptr<Chain> Chain::make_next(Chain& before, Medium& medium, Tenure tenure,
                                        Replica replica) {
  std::vector<std::string> prefixes =
      medium.prefixes(before.name_).value_or(std::vector<std::string>());
  for (std::string& prefix : before.known_prefixes()) {
    if (std::ranges::find(prefixes, prefix) == prefixes.end()) prefixes.push_back(prefix);
  }
  const Version first = tenure.first;
  std::shared_ptr<Chain> chain(
      new Chain(before.name_, first, before.engine_, before.hash_, std::move(tenure)));
  chain->outlook_ = before.outlook_;
  replica.count_all(prefixes);
  const MutexLock loading(chain->mirror_mutex_);
  const MutexLock lock(chain->mutex_);
  chain->set_contents(medium, std::move(replica), chain->journaled_, std::move(prefixes));
  return chain;
}

// The views read durable commits only, so the version is durable before they can see it.
bool Chain::append_seen(SeenGroup group) {
  auto node = std::make_unique<Node>();
  for (SeenGroup::Change& change : group.changes) {
    const std::uint32_t hash = hash_(change.record->key());
    node->writes.push_back({std::move(change.record), hash, change.op});
  }
  node->stamp(version_at(group.version));
  if (group.limit) node->limit = seen_limit(*group.limit, *node);
  Node* linked = nullptr;
  {
    const MutexLock lock(mutex_);
    SLUICE_ASSERT(node->version > journaled_->version, "I6: a follower never goes backwards");
    durable_.store(node->version, std::memory_order_seq_cst);
    if (!journaled_->next.compare_exchange_strong(linked, node.get(), std::memory_order_seq_cst,
                                                  std::memory_order_relaxed)) {
      return false;
    }
    linked = node.release();
  }
  set_journaled(linked);
  return true;
}

void Chain::adopt_views(const std::shared_ptr<Chain>& chain, Chain& before) {
  before.end();
  const MutexLock lock_before(before.mutex_);
  const MutexLock lock(chain->mutex_);
  chain->views_ = std::exchange(before.views_, {});
  chain->home_ = before.home_;
  before.superseded_ = true;
  for (const auto& view : chain->views_) {
    if (view) view->move_to(chain);
  }
}

std::optional<std::pair<Replica, Node*>> Chain::join() {
  const MutexLock lock(mutex_);
  if (!base_) return std::nullopt;
  Node* const place = base_->place();
  ++joined_;
  return std::pair(take_base(), place);
}

void Chain::ask_confirmation(std::uint64_t number) {
  std::uint64_t wanted = wanted_.load(std::memory_order_relaxed);
  while (wanted < number && !wanted_.compare_exchange_weak(wanted, number)) {
  }
}

Chain::VersionFate Chain::fate(Version version) const {
  if (version == 0) return VersionFate::durable;
  const auto& past = tenure_.past;
  const auto behind = std::ranges::upper_bound(past, version, {}, &Past::first);
  if (behind == past.begin())
    return past.size() < kPastMax ? VersionFate::durable : VersionFate::forgotten;
  return version <= std::prev(behind)->durable ? VersionFate::durable : VersionFate::lost;
}

Version Chain::position(Version version) const {
  if (version >= tenure_.first) return version - tenure_.offset;
  const auto behind = std::ranges::upper_bound(tenure_.past, version, {}, &Past::first);
  return behind == tenure_.past.begin() ? version : version - std::prev(behind)->offset;
}

}  // namespace sluice::store
