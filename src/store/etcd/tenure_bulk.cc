// SPDX-License-Identifier: Apache-2.0
// The functions of Tenure for bulk changes. A small one is a group. A large one makes a new epoch
// in steps, and one group switches `seq` to it. Runs go on meanwhile. Each key that they change
// after it was copied is copied again before the switch. A step compares the fence and the group
// before it, so a late copy of a step has no effect once a group has changed a key, and none after
// the switch.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/bulk.h"
#include "store/engine.h"
#include "store/etcd/tenure.h"

namespace sluice::store {
namespace {

constexpr std::int64_t kCopyPageMax = 2000;     // keys that one step reads
constexpr std::int64_t kClearPageMax = 10'000;  // keys that one step removes

bool puts_key(const Bulk& bulk, std::string_view key) {
  return std::ranges::binary_search(bulk.puts, key, {},
                                    [](const Write& write) { return write.record->key(); });
}

etcd::CallOptions read_options() {
  etcd::CallOptions options;
  options.deadline = Clock::now() + kStepMax;
  return options;
}

}  // namespace

bool Tenure::is_copied(std::string_view key) const {
  if (!building_ || building_->bulk->clears(key) || puts_key(*building_->bulk, key)) return false;
  return !building_->copying || key < building_->next;
}

Task<Result<bool>> Tenure::stage(Bulk& bulk) {
  if (pending_) SLUICE_CO_CHECK(co_await settle(Clock::now() + kStepMax));
  if (is_ending()) co_return lost();
  if (!builds(bulk)) {
    SLUICE_CO_TRY(const KeyList small, co_await keys_of_small(bulk, context_.small_bulk_max));
    if (small) co_return true;
    begin_building(bulk);
  }
  co_return co_await build_some();
}

Task<Result<Tenure::KeyList>> Tenure::keys_of_small(const Bulk& bulk, std::size_t writes_max) {
  std::size_t bytes = 0;
  for (const Write& write : bulk.puts) {
    bytes += write.record->key().size() + write.record->value().size() + Keys::kOverheadMax;
    if (bytes > kGroupBytesMax) co_return std::nullopt;
  }
  if (bulk.puts.size() > writes_max) co_return std::nullopt;
  std::vector<std::string> keys;
  if (!bulk.clear) co_return keys;
  if (bulk.clear->empty() && state_->contents.size() > writes_max) co_return std::nullopt;
  const std::size_t left = writes_max - bulk.puts.size();
  const std::string prefix = context_.keys.epoch(ns_, state_->seq.epoch);
  pb::RangeRequest request = range_of_prefix(prefix + *bulk.clear);
  request.set_keys_only(true);
  request.set_limit(static_cast<std::int64_t>(left) + 1);
  const auto page = co_await context_.kv.range(request, read_options());
  if (!page) co_return std::unexpected(error_of(page.error()));
  for (const auto& kv : page->kvs()) {
    std::string key = kv.key().substr(prefix.size());
    bytes += key.size() + Keys::kOverheadMax;
    if (!puts_key(bulk, key)) keys.push_back(std::move(key));
  }
  const bool fits = static_cast<std::size_t>(page->kvs_size()) <= left && bytes <= kGroupBytesMax;
  co_return fits ? KeyList(std::move(keys)) : std::nullopt;
}

Task<Result<void>> Tenure::make_bulk(Bulk& bulk, Version version) {
  if (!builds(bulk)) {
    SLUICE_CO_TRY(const KeyList small, co_await keys_of_small(bulk, kGroupOperationsMax));
    if (small) {
      make_small_bulk(bulk, *small, version);
      co_return Result<void>();
    }
    begin_building(bulk);  // the change has grown since it was staged
  }
  for (bool built = false; !built;) {
    SLUICE_CO_TRY(built, co_await build_some());
    if (over_) co_return Result<void>();
  }
  SLUICE_CO_CHECK(co_await copy_dirty());
  if (!over_) make_switch(version);
  co_return Result<void>();
}

void Tenure::make_small_bulk(const Bulk& bulk, const std::vector<std::string>& erased,
                             Version version) {
  const std::string prefix = context_.keys.epoch(ns_, state_->seq.epoch);
  Packs packs;
  std::vector<Contents::EntryChange> changes;
  for (const std::string& key : erased) {
    packs.erase(prefix + key);
    changes.push_back(state_->contents.erase(key));
  }
  for (const Write& write : bulk.puts) {
    const std::string_view key = write.record->key();
    packs.put(prefix + std::string(key), write.record->value());
    changes.push_back(state_->contents.put(key, write.record->value()));
  }
  Seq seq = state_->seq.next(fence_);
  seq.version = version;
  seq.writes = static_cast<std::uint32_t>(changes.size());
  seq.checksum = state_->contents.checksum_after(changes);
  pending_ = new_pending(std::move(seq), std::move(changes), std::move(packs));
}

void Tenure::make_switch(Version version) {
  Seq seq = state_->seq.next(fence_);
  seq.version = version;
  seq.epoch = building_->epoch;
  seq.checksum = building_->contents.checksum();
  pending_ = new_pending(std::move(seq), {}, {});
  pending_->contents = std::move(building_->contents);
}

void Tenure::begin_building(Bulk& bulk) {
  abandon_building();
  const Epoch epoch{fence_, ++epochs_made_};
  // Invariant I7: the name of an epoch is written under one fence, and once.
  SLUICE_ASSERT(
      epoch != state_->seq.epoch && std::ranges::find(state_->dead, epoch) == state_->dead.end(),
      "the name of an epoch is never used again");
  const std::string from = context_.keys.epoch(ns_, state_->seq.epoch);
  PageRanges pages(from, end_of_prefix(from), std::min(kCopyPageMax, context_.page_keys_max));
  building_ = std::make_unique<Building>(
      Building{&bulk, epoch, Contents(state_->contents.hash()), {}, std::move(pages), true, 0, {}});
  building_->copying = !(bulk.clear && bulk.clear->empty());
  bulk.job = static_cast<std::int64_t>(epoch.number);
}

void Tenure::abandon_building() {
  if (!building_) return;
  state_->dead.push_back(building_->epoch);
  building_.reset();
}

void Tenure::drop(const Bulk& bulk) {
  const bool switching = pending_ && pending_->contents;  // and that may come true
  if (builds(bulk) && !switching) abandon_building();
}

Task<Result<bool>> Tenure::build_some() {
  if (building_->copying) {
    SLUICE_CO_CHECK(co_await copy_some());
    co_return false;
  }
  if (building_->put < building_->bulk->puts.size()) SLUICE_CO_CHECK(co_await put_some());
  co_return building_->put == building_->bulk->puts.size();
}

// The journal's thread waits, so no group changes what this step copies.
Task<Result<void>> Tenure::copy_some() {
  const Bulk& bulk = *building_->bulk;
  const std::string from = context_.keys.epoch(ns_, state_->seq.epoch);
  const std::string to = context_.keys.epoch(ns_, building_->epoch);
  PageRanges pages = building_->pages;  // those of a step that fails do not count
  pb::RangeRequest request;
  pages.fill(request);
  const auto page = co_await context_.kv.range(request, read_options());
  if (!page) co_return std::unexpected(error_of(page.error()));
  pages.note(*page);
  Packs packs;
  std::vector<Contents::EntryChange> changes;
  for (const auto& kv : page->kvs()) {
    const std::string_view key = std::string_view(kv.key()).substr(from.size());
    if (bulk.clears(key)) {
      pages.go_on_at(end_of_prefix(from + *bulk.clear));
      break;
    }
    if (puts_key(bulk, key)) continue;
    if (!packs.fits(1, to.size() + key.size() + kv.value().size() + kOperationBytes) &&
        packs.operations() > 0) {
      pages.go_on_at(kv.key());
      break;
    }
    packs.put(to + std::string(key), kv.value());
    changes.push_back(building_->contents.put(key, kv.value()));
  }
  SLUICE_CO_CHECK(co_await step(std::move(packs)));
  building_->contents.apply(changes);
  building_->copying = !pages.is_done();
  if (!pages.is_done()) building_->next = pages.position().substr(from.size());
  building_->pages = std::move(pages);
  co_return Result<void>();
}

Task<Result<void>> Tenure::put_some() {
  const std::string to = context_.keys.epoch(ns_, building_->epoch);
  Packs packs;
  std::vector<Contents::EntryChange> changes;
  std::size_t put = building_->put;
  for (; put < building_->bulk->puts.size(); ++put) {
    const Record& record = *building_->bulk->puts[put].record;
    const std::size_t bytes =
        to.size() + record.key().size() + record.value().size() + kOperationBytes;
    if (packs.operations() > 0 && !packs.fits(1, bytes)) break;
    packs.put(to + std::string(record.key()), record.value());
    changes.push_back(building_->contents.put(record.key(), record.value()));
  }
  SLUICE_CO_CHECK(co_await step(std::move(packs)));
  building_->contents.apply(changes);
  building_->put = put;
  co_return Result<void>();
}

Task<Result<void>> Tenure::copy_dirty() {
  const std::string to = context_.keys.epoch(ns_, building_->epoch);
  while (!building_->dirty.empty()) {
    Packs packs;
    std::vector<Contents::EntryChange> changes;
    auto next = building_->dirty.begin();
    for (; next != building_->dirty.end(); ++next) {
      const auto& [key, value] = *next;
      const std::size_t bytes = to.size() + key.size() + (value ? value->size() : 0);
      if (packs.operations() > 0 && !packs.fits(1, bytes + kOperationBytes)) break;
      if (value) {
        packs.put(to + key, *value);
        changes.push_back(building_->contents.put(key, *value));
      } else {
        packs.erase(to + key);
        changes.push_back(building_->contents.erase(key));
      }
    }
    SLUICE_CO_CHECK(co_await step(std::move(packs)));
    building_->contents.apply(changes);
    building_->dirty.erase(building_->dirty.begin(), next);
  }
  co_return Result<void>();
}

Task<Result<void>> Tenure::step(Packs packs) {
  if (packs.operations() == 0) co_return Result<void>();
  SLUICE_ASSERT(!pending_ && building_->epoch.fence == fence_,
                "I7, I9: the own epoch is written, between two groups");
  pb::TxnRequest txn;
  add_compares(txn);
  packs.move_to(txn);
  etcd::CallOptions options;
  options.deadline = Clock::now() + kStepMax;
  const auto reply = co_await context_.kv.txn(txn, options);
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  if (reply->succeeded()) co_return Result<void>();
  SLUICE_CO_TRY(const OwnerStanding now, standing(*reply));
  if (now.mine) stop("another program has written `" + seq_key_ + "`");
  over_ = true;
  co_return lost();
}

Task<Result<bool>> Tenure::clear_some() {
  if (is_ending() || !state_ || pending_ || state_->dead.empty()) co_return false;
  if (!clearing_) {
    const Epoch epoch = state_->dead.back();
    const std::string keys = context_.keys.epoch(ns_, epoch);
    clearing_.emplace(Clearing{
        epoch, {keys, end_of_prefix(keys), std::min(kClearPageMax, context_.page_keys_max)}});
  }
  if (clearing_->pages.is_done()) {
    std::erase(state_->dead, clearing_->epoch);
    clearing_.reset();
    co_return !state_->dead.empty();
  }
  pb::RangeRequest request;
  clearing_->pages.fill(request);
  request.set_keys_only(true);
  const auto page = co_await context_.kv.range(request, read_options());
  if (!page) co_return std::unexpected(error_of(page.error()));
  if (page->kvs_size() == 0) {
    clearing_->pages.note(*page);
    co_return true;
  }
  pb::TxnRequest txn;
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  add_delete(*txn.add_success(), page->kvs(0).key(), page->kvs(page->kvs_size() - 1).key() + '\0');
  add_range(*txn.add_failure(), owner_key_);
  const auto reply = co_await context_.kv.txn(txn, read_options());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  if (!reply->succeeded()) over_ = true;
  if (reply->succeeded()) clearing_->pages.note(*page);
  co_return reply->succeeded();
}

}  // namespace sluice::store
