// SPDX-License-Identifier: Apache-2.0
#include "store/chain.h"

#include <algorithm>

#include "store/chain_view.h"

namespace sluice::store {
namespace {

// A core that has not looked for this many commits is asked to.
constexpr Version kLagMax = 1024;

Node* make_first(Version version) {
  auto node = std::make_unique<Node>();
  node->version = version;
  return node.release();
}

}  // namespace

Chain::Chain(std::string name, Version durable, std::shared_ptr<Engine> engine)
    : name_(std::move(name)),
      engine_(std::move(engine)),
      durable_(durable),
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
  std::vector<std::shared_ptr<ChainView>> views;
  const std::lock_guard lock(mutex_);
  views.swap(views_);
  base_.reset();
}

Result<void> Chain::load(Medium& medium) {
  const std::lock_guard loading(load_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (base_ || has_all_views()) return {};
    pinned_ = journaled_;
  }
  std::vector<RecordRef> records;
  const auto version = medium.load(name_, [&](std::string_view key, std::string_view value) {
    records.push_back(Record::make(key, value));
  });
  Replica replica(hash_, engine_->dustbin, version.value_or(0));
  for (RecordRef& record : records) replica.load(std::move(record));
  const std::lock_guard lock(mutex_);
  Node* place = std::exchange(pinned_, nullptr);
  if (!version) return std::unexpected(version.error());
  // The journal may have written more since, even what it has not yet told us.
  while (place->version < *version) place = place->next.load(std::memory_order_acquire);
  base_ = std::make_unique<Follower>(std::move(replica), place);
  base_->follow(journaled_->version);
  return {};
}

Version Chain::append(NodePtr node) {
  const std::lock_guard lock(mutex_);
  Node* place = journaled_;
  do {
    while (Node* next = place->next.load(std::memory_order_acquire)) place = next;
    node->stamp(place->version + 1);
    Node* expected = nullptr;
    if (place->next.compare_exchange_strong(expected, node.get(), std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
      break;
    }
  } while (true);
  return node.release()->version;
}

Version Chain::committed() const {
  const std::lock_guard lock(mutex_);
  const Node* place = journaled_;
  while (const Node* next = place->next.load(std::memory_order_acquire)) place = next;
  return place->version;
}

std::optional<std::uint64_t> Chain::keys() const {
  const std::lock_guard lock(mutex_);
  if (base_) return base_->keys();
  const ChainView* newest = nullptr;
  for (const auto& view : views_) {
    if (view && (newest == nullptr || view->applied() > newest->applied())) newest = view.get();
  }
  if (newest == nullptr) return std::nullopt;
  return newest->keys();
}

ChainView* Chain::attach(const loop::Core& core) {
  const std::lock_guard lock(mutex_);
  auto& view = views_.at(core.index);
  if (view) return view.get();
  if (!base_) return nullptr;
  if (home_ == nullptr) home_ = &core.loop;
  Node* const place = base_->place();
  ++view_count_;
  view = std::make_shared<ChainView>(shared_from_this(), engine_, core, *home_, take_base(), place);
  return view.get();
}

// The last view need not copy it.
Replica Chain::take_base() {
  if (!has_all_views()) return base_->replica().copy();
  Replica replica = std::move(base_->replica());
  base_.reset();
  return replica;
}

void Chain::set_journaled(Node* last) {
  {
    const std::lock_guard lock(mutex_);
    journaled_ = last;
    if (base_) base_->follow(last->version);
  }
  durable_.store(last->version, std::memory_order_seq_cst);
  pending_since_.store(TimePoint(), std::memory_order_relaxed);
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
  const std::lock_guard lock(mutex_);
  Version needed = journaled_->version;
  if (pinned_ != nullptr) needed = std::min(needed, pinned_->version);
  if (base_) needed = std::min(needed, base_->version());
  for (const auto& view : views_) {
    if (!view) continue;
    const Version applied = view->applied();
    needed = std::min(needed, applied);
    if (applied + kLagMax < journaled_->version) view->nudge();
  }
  while (oldest_->version < needed) {
    passed.emplace_back(oldest_);
    oldest_ = oldest_->next.load(std::memory_order_acquire);
  }
}

void Chain::collect_waiting(std::vector<std::shared_ptr<ChainView>>& views) {
  const std::lock_guard lock(mutex_);
  for (const auto& view : views_) {
    if (view && view->wants_news()) views.push_back(view);
  }
}

}  // namespace sluice::store
