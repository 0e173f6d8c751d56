// SPDX-License-Identifier: Apache-2.0
#include "store/chain.h"

#include <algorithm>

#include "base/assert.h"
#include "store/bulk.h"

namespace sluice::store {
namespace {

// A core that is this many commits behind is asked to catch up.
constexpr Version kLagMax = 256;
constexpr std::size_t kPrefixesMax = PrefixCounts::kCountersMax / 2;

Node* make_first(Version version) {
  auto node = std::make_unique<Node>();
  node->version = version;
  return node.release();
}

}  // namespace

Chain::Chain(std::string name, Version durable, std::shared_ptr<Engine> engine)
    : Chain(std::move(name), durable, std::move(engine), Hash(), Tenure()) {}

Chain::Chain(std::string name, Version durable, std::shared_ptr<Engine> engine, const Hash& hash,
             Tenure tenure)
    : name_(std::move(name)),
      engine_(std::move(engine)),
      hash_(hash),
      tenure_(std::move(tenure)),
      durable_(durable),
      sent_(durable),
      oldest_(make_first(durable)),
      journaled_(oldest_),
      views_(engine_->core_count) {}

Chain::~Chain() {
  while (oldest_ != nullptr) {
    const NodePtr node(oldest_);
    oldest_ = node->next.load(std::memory_order_acquire);
  }
}

void Chain::close() {
  std::vector<std::shared_ptr<AttachedView>> views;
  const MutexLock administration(mirror_mutex_);
  const MutexLock lock(mutex_);
  views.swap(views_);
  base_.reset();
  mirror_.reset();
}

Result<void> Chain::load(Medium& medium) {
  {
    const MutexLock lock(mutex_);
    if (mirror_) return {};
  }
  const MutexLock loading(mirror_mutex_);
  {
    const MutexLock lock(mutex_);
    if (mirror_) return {};
    pinned_ = journaled_;
  }
  std::vector<RecordRef> records;
  const auto version = medium.load(name_, [&](std::string_view key, std::string_view value) {
    records.push_back(Record::make(key, value));
  });
  Replica replica(hash_, engine_->backroom, version.value_or(0));
  for (RecordRef& record : records) replica.load(std::move(record));
  const auto prefixes = medium.prefixes(name_);
  if (prefixes) replica.count_all(*prefixes);
  const MutexLock lock(mutex_);
  Node* place = std::exchange(pinned_, nullptr);
  if (!version) return std::unexpected(version.error());
  // The journal may have written further commits, even some that it has not published yet.
  while (place->version < *version) place = place->next.load(std::memory_order_acquire);
  set_contents(medium, std::move(replica), place, prefixes.value_or(std::vector<std::string>()));
  base_->follow(journaled_->version);
  return {};
}

void Chain::set_contents(Medium& medium, Replica replica, Node* place,
                         std::vector<std::string> prefixes) {
  medium_ = &medium;
  prefixes_ = std::move(prefixes);
  prefixes_kept_ = prefixes_.size();
  if (const HeldLimit* const held = replica.limit()) {
    limited_.store(true, std::memory_order_seq_cst);
    sealed_.store(held->state.sealed, std::memory_order_seq_cst);
  }
  mirror_ = std::make_unique<Follower>(replica.copy(), place);
  base_ = std::make_unique<Follower>(std::move(replica), place);
}

Version Chain::append(NodePtr& node) {
  if (!is_owned()) return 0;
  const MutexLock lock(mutex_);
  if (is_sealed()) return 0;
  Node* place = journaled_;
  do {
    while (Node* next = place->next.load(std::memory_order_acquire)) place = next;
    if (place->is_end()) return 0;
    node->stamp(place->version + 1);
    Node* expected = nullptr;
    if (place->next.compare_exchange_strong(expected, node.get(), std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
      break;
    }
  } while (true);
  return node.release()->version;
}

Version Chain::append_bulk(NodePtr& node) {
  if (!is_owned()) return 0;
  const MutexLock administration(mirror_mutex_);
  if (!mirror_) return append(node);
  if (is_sealed()) return 0;  // a seal needs mirror_mutex_
  mirror_->catch_up();
  mirror_->replica().count_all(known_prefixes());
  auto state = std::make_unique<Replica>(mirror_->replica().copy());
  state->begin_bulk(*node->bulk);
  node->bulk->state = std::move(state);
  Node* const linked = link_bulk(node, mirror_->place());
  if (linked == nullptr) return 0;
  set_mirror(std::make_unique<Follower>(linked->bulk->state->copy(), linked));
  return linked->version;
}

// The mirror's place keeps all nodes behind it, and so the new one, allocated. Returns null if the
// chain has ended.
Node* Chain::link_bulk(NodePtr& node, Node* place) {
  const Bulk& bulk = *node->bulk;
  std::size_t news = prefix_news_.load(std::memory_order_relaxed);
  while (true) {
    while (const Node* next = place->next.load(std::memory_order_acquire)) {
      if (next->is_end()) return nullptr;
      bulk.state->apply_below(*next, bulk);
      place = place->next.load(std::memory_order_acquire);
    }
    if (prefix_news_.load(std::memory_order_relaxed) != news) {
      news = prefix_news_.load(std::memory_order_relaxed);
      bulk.state->count_all_below(known_prefixes());
      continue;
    }
    // The records carry the mark of the state, and the state maps it to the version.
    node->version = place->version + 1;
    bulk.state->set_bulk_version(node->version);
    Node* expected = nullptr;
    if (place->next.compare_exchange_strong(expected, node.get(), std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
      return node.release();
    }
  }
}

void Chain::set_mirror(std::unique_ptr<Follower> mirror) {
  const MutexLock lock(mutex_);
  std::swap(mirror_, mirror);
  engine_->backroom->throw_away(std::move(mirror));
  for (const auto& view : views_) {
    if (view) view->nudge();
  }
}

std::vector<std::string> Chain::note_prefixes(std::vector<std::string> prefixes) {
  const MutexLock lock(mutex_);
  std::erase_if(prefixes, [&](const std::string& prefix) {
    mutex_.assert_held();
    return std::ranges::find(prefixes_, prefix) != prefixes_.end();
  });
  for (const std::string& prefix : prefixes) {
    if (prefixes_.size() >= kPrefixesMax) prefixes_.erase(prefixes_.begin());
    prefixes_.push_back(prefix);
  }
  prefix_news_.fetch_add(prefixes.size(), std::memory_order_relaxed);
  const bool saves = medium_ != nullptr && prefixes_kept_ < kPrefixesMax;
  prefixes_kept_ += prefixes.size();
  return saves ? std::move(prefixes) : std::vector<std::string>();
}

void Chain::save_prefixes(const std::vector<std::string>& prefixes) {
  Medium* medium = nullptr;
  {
    const MutexLock lock(mutex_);
    medium = medium_;
  }
  if (medium == nullptr) return;
  for (const std::string& prefix : prefixes) (void)medium->add_prefix(name_, prefix);
}

std::vector<std::string> Chain::known_prefixes() const {
  const MutexLock lock(mutex_);
  return prefixes_;
}

Version Chain::committed() const {
  const MutexLock lock(mutex_);
  return has_ended() ? journaled_->version : last_node()->version;
}

Node* Chain::last_node() const {
  Node* place = journaled_;
  while (Node* next = next_commit(place)) place = next;
  return place;
}

std::optional<std::uint64_t> Chain::keys() const {
  const MutexLock lock(mutex_);
  if (!mirror_) return std::nullopt;
  const AttachedView* newest = nullptr;
  for (const auto& view : views_) {
    if (!view || view->applied() < first()) continue;  // absent, or follows the chain before
    if (newest == nullptr || view->applied() > newest->applied()) newest = view.get();
  }
  return newest != nullptr ? newest->keys() : mirror_->keys();
}

AttachedView* Chain::attach(const loop::Core& core, const MakeView& make) {
  const MutexLock lock(mutex_);
  if (superseded_) return nullptr;
  auto& view = views_.at(core.index);
  if (view) return view.get();
  if (!base_) return nullptr;
  if (home_ == nullptr) home_ = &core.loop;
  Node* const place = base_->place();
  ++joined_;
  view = make(*home_, take_base(), place);
  view->nudge();  // copies the segments shared with the base
  return view.get();
}

// A copy costs microseconds. The last view takes the base itself.
Replica Chain::take_base() {
  if (!has_all_views()) return base_->replica().copy();
  Replica replica = std::move(base_->replica());
  base_.reset();
  return replica;
}

void Chain::set_journaled(Node* last) {
  // Invariant I10: `sent` is not below any version that the medium may have.
  SLUICE_ASSERT(last->version <= sent() || following() != 0, "what is durable was sent before");
  {
    const MutexLock lock(mutex_);
    journaled_ = last;
    if (base_) base_->follow(last->version);
  }
  durable_.store(last->version, std::memory_order_seq_cst);
  pending_since_.store(TimePoint(), std::memory_order_relaxed);
  if (!mirror_mutex_.try_lock()) return;
  if (mirror_) mirror_->follow(last->version);
  mirror_mutex_.unlock();
}

void Chain::note_pending() {
  if (pending_since_.load(std::memory_order_relaxed) != TimePoint()) return;
  pending_since_.store(Clock::now(), std::memory_order_relaxed);
}

Duration Chain::durable_lag() const {
  const TimePoint since = pending_since_.load(std::memory_order_relaxed);
  return since == TimePoint() ? Duration() : Clock::now() - since;
}

void Chain::free_passed_nodes() {
  std::vector<NodePtr> passed;
  const MutexLock lock(mutex_);
  if (has_ended()) return;  // the destructor frees all
  Version needed = journaled_->version;
  if (pinned_ != nullptr) needed = std::min(needed, pinned_->version);
  if (base_) needed = std::min(needed, base_->version());
  if (mirror_) needed = std::min(needed, mirror_->applied());
  for (const auto& view : views_) {
    if (!view) continue;
    const Version applied = view->applied();
    needed = std::min(needed, applied);
    if (applied + kLagMax < journaled_->version) view->nudge();
  }
  while (oldest_->version < needed) {
    NodePtr node(oldest_);
    oldest_ = oldest_->next.load(std::memory_order_acquire);
    if (node->bulk) {
      engine_->backroom->throw_away(std::move(node));
    } else {
      passed.push_back(std::move(node));
    }
  }
}

void Chain::collect_waiting(std::vector<std::shared_ptr<AttachedView>>& views) {
  const MutexLock lock(mutex_);
  for (const auto& view : views_) {
    if (view && view->wants_news()) views.push_back(view);
  }
}

}  // namespace sluice::store
