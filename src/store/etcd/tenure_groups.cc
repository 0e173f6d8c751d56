// SPDX-License-Identifier: Apache-2.0
// The functions of Tenure that make a group of whole runs.
#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "store/bulk.h"
#include "store/etcd/tenure.h"

namespace sluice::store {
namespace {

// The net effects of runs: one write for each key.
class NetEffects {
 public:
  explicit NetEffects(std::size_t key_overhead) : overhead_(key_overhead + kOperationBytes) {}

  // False, and unchanged, if the run does not fit into the same transaction.
  bool add(const Node& node) {
    const std::vector<Write>& run = node.writes;
    std::size_t keys = writes_.size();
    std::size_t bytes = bytes_;
    if (node.exchange && exchanges_.size() >= Seq::kExchangesMax) return false;
    for (const Write& write : run) {
      if (!writes_.contains(write.record->key())) ++keys;
      bytes += size_of(write);
    }
    if (!writes_.empty() && (keys > kGroupOperationsMax || bytes > kGroupBytesMax)) return false;
    SLUICE_ASSERT(keys <= kGroupOperationsMax, "a run fits into a transaction: Limits");
    for (const Write& write : run) writes_[write.record->key()] = &write;
    bytes_ = bytes;
    if (node.exchange) exchanges_.push_back(*node.exchange);
    return true;
  }
  [[nodiscard]] std::vector<ExchangeId> take_exchanges() { return std::move(exchanges_); }
  [[nodiscard]] const std::map<std::string_view, const Write*>& writes() const { return writes_; }

 private:
  [[nodiscard]] std::size_t size_of(const Write& write) const {
    const std::size_t value = write.op == Op::put ? write.record->value().size() : 0;
    return write.record->key().size() + value + overhead_;
  }
  std::size_t overhead_;
  std::map<std::string_view, const Write*> writes_;
  std::vector<ExchangeId> exchanges_;
  std::size_t bytes_ = 0;
};

bool each_once(std::vector<ExchangeId> exchanges) {
  std::ranges::sort(exchanges);
  return std::ranges::adjacent_find(exchanges) == exchanges.end();
}

}  // namespace

const Node* Tenure::first_unwritten(const Batch& batch) const {
  const Node* node = batch.after;
  do {
    SLUICE_ASSERT(node != batch.last, "a batch goes up to its version");
    node = node->next.load(std::memory_order_acquire);
  } while (version_of(batch, *node) <= state_->seq.version);
  return node;
}

void Tenure::make_group(const Batch& batch) {
  const std::string prefix = context_.keys.epoch(ns_, state_->seq.epoch);
  NetEffects effects(prefix.size());
  const Node* last = nullptr;
  Seq seq = state_->seq.next(fence_);
  for (const Node* node = first_unwritten(batch);;) {
    if (node->bulk || !effects.add(*node)) break;
    last = node;
    if (node->limit) {
      seq.limit = node->limit->state.limit;
      seq.sealed = node->limit->state.sealed;
      seq.opening = node->limit->state.opening;
    }
    if (node == batch.last) break;
    node = node->next.load(std::memory_order_acquire);
  }
  Packs packs;
  std::vector<Contents::EntryChange> changes;
  DirtyKeys dirty;
  for (const auto& [key, write] : effects.writes()) {
    const bool puts = write->op == Op::put;
    const std::string_view value = write->record->value();
    if (puts) {
      packs.put(prefix + std::string(key), value);
      changes.push_back(state_->contents.put(key, value));
    } else if (state_->contents.has(key)) {  // etcd reports no event for an absent key
      packs.erase(prefix + std::string(key));
      changes.push_back(state_->contents.erase(key));
    }
    if (is_copied(key)) {
      dirty[std::string(key)] = puts ? std::optional<std::string>(value) : std::nullopt;
    }
  }
  seq.version = version_of(batch, *last);
  seq.writes = static_cast<std::uint32_t>(changes.size());
  seq.checksum = state_->contents.checksum_after(changes);
  seq.exchanges = effects.take_exchanges();
  SLUICE_DEBUG_ASSERT(each_once(seq.exchanges), "I3: an id is in the chain at most once");
  pending_ = new_pending(std::move(seq), std::move(changes), std::move(packs));
  pending_->dirty = std::move(dirty);
}

std::unique_ptr<Tenure::PendingTxn> Tenure::new_pending(Seq seq,
                                                        std::vector<Contents::EntryChange> changes,
                                                        Packs packs) const {
  SLUICE_ASSERT(!pending_, "I9: nothing else is sent until an outcome is known");
  // Invariant I8: a sealed epoch does not change while a word is out.
  SLUICE_ASSERT(!state_->seq.sealed || state_->seq.opening ||
                    (changes.empty() && seq.sealed && seq.epoch == state_->seq.epoch),
                "a sealed epoch does not change before all know of the opening");
  auto pending = std::make_unique<PendingTxn>();
  pending->attempt = context_.copy_time.first();
  add_compares(pending->request);
  packs.move_to(pending->request);
  add_put(*pending->request.add_success(), seq_key_, seq.encode());  // the last, for followers
  pending->seq = std::move(seq);
  pending->changes = std::move(changes);
  return pending;
}

}  // namespace sluice::store
