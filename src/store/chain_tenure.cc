// SPDX-License-Identifier: Apache-2.0
// The functions of Chain for the beginning and the end of an ownership: one Chain of a namespace
// follows another.
#include <algorithm>
#include <utility>

#include "store/chain.h"

namespace sluice::store {
namespace {

// The maximum of earlier ownerships whose versions are remembered. Runs live for seconds.
constexpr std::size_t kPastMax = 1024;

}  // namespace

std::shared_ptr<Chain> Chain::without_owner(std::string name, std::shared_ptr<Engine> engine) {
  auto chain = std::make_shared<Chain>(std::move(name), 0, std::move(engine));
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

Chain::Tenure Chain::next_tenure(Fence fence, Version in_medium) const {
  Tenure next{fence, in_medium, 0, tenure_.past};
  if (tenure_.fence == 0) return next;  // no run has seen a version yet
  next.first = std::max(in_medium, last_node()->version + 1);
  next.offset = next.first - in_medium;
  if (next.past.size() >= kPastMax) next.past.erase(next.past.begin());
  next.past.push_back({tenure_.first, durable_.load(std::memory_order_seq_cst), tenure_.offset});
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
  std::vector<std::string> prefixes =
      medium.prefixes(before.name_).value_or(std::vector<std::string>());
  for (std::string& prefix : before.known_prefixes()) {
    if (std::ranges::find(prefixes, prefix) == prefixes.end()) prefixes.push_back(prefix);
  }
  Tenure tenure;
  {
    const MutexLock lock(before.mutex_);
    tenure = before.next_tenure(fence, in_medium);
  }
  const Version first = tenure.first;
  const std::shared_ptr<Chain> chain(
      new Chain(before.name_, first, before.engine_, before.hash_, std::move(tenure)));
  Replica replica(chain->hash_, chain->engine_->backroom, first, before.bulk_marks());
  for (RecordRef& record : records) replica.load(std::move(record));
  replica.count_all(prefixes);
  const MutexLock loading(chain->mirror_mutex_);
  const MutexLock lock(chain->mutex_);
  chain->set_contents(medium, std::move(replica), chain->journaled_, std::move(prefixes));
  return chain;
}

void Chain::adopt_views(const std::shared_ptr<Chain>& chain, Chain& before) {
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
