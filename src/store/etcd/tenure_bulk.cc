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

constexpr std::size_t kStepBytesMin = 32 << 10;
constexpr Duration kLastStepPause = std::chrono::milliseconds(250);  // the journal's thread waits
constexpr Duration kLastClearPause = std::chrono::minutes(1);        // nobody waits
constexpr Duration kClearPause = std::chrono::seconds(1);

}  // namespace

etcd::CallOptions Tenure::StepTries::options() const {
  etcd::CallOptions options;
  options.deadline = Clock::now() + attempt;
  options.avoid = avoid;
  return options;
}

void Tenure::StepTries::note_success(const EtcdPatience& patience) {
  pause = kFirstRetry;
  failing_since.reset();
  again = false;
  attempt = std::max(attempt - attempt / 8, patience.first_step);
  bytes_max = std::min(bytes_max + bytes_max / 8, kGroupBytesMax);
}

// A full etcd heals by hand only. The caller learns that at once.
void Tenure::StepTries::note_failure(const etcd::CallFailure& failure,
                                     const EtcdPatience& patience) {
  const TimePoint now = Clock::now();
  if (!failing_since) failing_since = now;
  again = may_heal(failure) && failure.status != etcd::Status::resource_exhausted &&
          now - *failing_since < patience.step_max;
  avoid = failure.endpoint;
  if (failure.status != etcd::Status::deadline_exceeded) return;
  attempt = std::max(attempt, std::min(attempt * 2, patience.longest_step));
  bytes_max = std::max(bytes_max / 2, kStepBytesMin);
}

PageRanges Tenure::pages_of(const Epoch& epoch, std::int64_t keys_max) const {
  const std::string keys = context_.keys.epoch(ns_, epoch);
  PageRanges pages(keys, end_of_prefix(keys), std::min(keys_max, context_.page_keys_max));
  pages.begin_with(context_.page_memories[ns_], keys.size());
  return pages;
}

void Tenure::note_pages(const PageRanges& pages, const Epoch& epoch) {
  pages.teach(context_.page_memories[ns_], context_.keys.epoch(ns_, epoch).size());
}

bool Tenure::is_copied(std::string_view key) const {
  if (!building_ || building_->bulk->clears(key) || puts_key(*building_->bulk, key)) return false;
  if (!building_->copying || building_->reached_end) return true;
  return key < building_->next || key < building_->reached;
}

Task<Result<bool>> Tenure::stage(Bulk& bulk) {
  if (pending_) SLUICE_CO_CHECK(co_await settle(Clock::now() + kStepMax));
  if (is_ending()) co_return lost();
  if (!builds(bulk)) {
    SLUICE_CO_TRY(const KeyList small, co_await keys_of_small(bulk, context_.small_bulk_max));
    if (small) co_return true;
    begin_building(bulk);
  }
  auto built = co_await build_some();
  if (built || is_ending() || !building_ || !std::exchange(building_->tries.again, false)) {
    co_return built;
  }
  StepTries& tries = building_->tries;
  const Duration pause = std::exchange(tries.pause, std::min(tries.pause * 2, kLastStepPause));
  co_await context_.loop().sleep_for(pause);
  co_return false;
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
  EtcdRetry retry(Clock::now() + context_.patience.first_step);
  retry.attempt = context_.patience.first_step;
  auto page = co_await context_.kv.range(request, retry.options());
  while (!page && may_heal(page.error()) && retry.again()) {
    co_await context_.loop().sleep_for(retry.pause());
    page = co_await context_.kv.range(request, retry.options());
  }
  if (!page && may_heal(page.error())) co_return std::nullopt;  // it is right for a small one, too
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
  building_ =
      std::make_unique<Building>(Building{.bulk = &bulk,
                                          .epoch = epoch,
                                          .contents = Contents(state_->contents.hash()),
                                          .next = {},
                                          .pages = pages_of(state_->seq.epoch, kCopyPageMax),
                                          .dirty = {},
                                          .tries = StepTries(context_.patience)});
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
  const auto page = co_await context_.kv.range(request, building_->tries.options());
  if (!page) {
    building_->tries.note_failure(page.error(), context_.patience);
    if (page.error().status == etcd::Status::deadline_exceeded) building_->pages.narrow();
    note_pages(building_->pages, state_->seq.epoch);
    co_return std::unexpected(error_of(page.error()));
  }
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
    if (!fits(packs, to.size() + key.size() + kv.value().size())) {
      pages.go_on_at(kv.key());
      break;
    }
    packs.put(to + std::string(key), kv.value());
    changes.push_back(building_->contents.put(key, kv.value()));
  }
  const bool copying = !pages.is_done();
  std::string next = copying ? pages.position().substr(from.size()) : std::string();
  building_->reached = std::max(building_->reached, next);
  building_->reached_end = building_->reached_end || !copying;
  SLUICE_CO_CHECK(co_await step(std::move(packs)));
  building_->contents.apply(changes);
  building_->copying = copying;
  building_->next = std::move(next);
  building_->pages = std::move(pages);
  if (!copying) note_pages(building_->pages, state_->seq.epoch);
  co_return Result<void>();
}

bool Tenure::fits(const Packs& packs, std::size_t bytes) const {
  if (packs.operations() == 0) return true;
  return packs.fits(1, bytes + kOperationBytes) &&
         packs.bytes() + bytes + kOperationBytes <= building_->tries.bytes_max;
}

Task<Result<void>> Tenure::put_some() {
  const std::string to = context_.keys.epoch(ns_, building_->epoch);
  Packs packs;
  std::vector<Contents::EntryChange> changes;
  std::size_t put = building_->put;
  for (; put < building_->bulk->puts.size(); ++put) {
    const Record& record = *building_->bulk->puts[put].record;
    if (!fits(packs, to.size() + record.key().size() + record.value().size())) break;
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
      if (!fits(packs, to.size() + key.size() + (value ? value->size() : 0))) break;
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

// Not the same request in each try: groups may come between. Copies of earlier tries have no effect
// behind a group; what they may have copied before counts as copied (Building::reached).
Task<Result<void>> Tenure::step(Packs packs) {
  if (packs.operations() == 0) co_return Result<void>();
  SLUICE_ASSERT(!pending_ && building_->epoch.fence == fence_,
                "I7, I9: the own epoch is written, between two groups");
  pb::TxnRequest txn;
  add_compares(txn);
  packs.move_to(txn);
  const auto reply = co_await context_.kv.txn(txn, building_->tries.options());
  if (!reply) {
    building_->tries.note_failure(reply.error(), context_.patience);
    co_return std::unexpected(error_of(reply.error()));
  }
  building_->tries.note_success(context_.patience);
  if (reply->succeeded()) co_return Result<void>();
  SLUICE_CO_TRY(const OwnerStanding now, standing(*reply));
  if (now.mine) stop("another program has written `" + seq_key_ + "`");
  over_ = true;
  co_return lost();
}

// No key is asked for again that was removed.
Task<Result<bool>> Tenure::clear_some() {
  if (is_ending() || !state_ || pending_ || state_->dead.empty()) co_return false;
  if (!clearing_) {
    const Epoch epoch = state_->dead.back();
    clearing_.emplace(Clearing{.epoch = epoch,
                               .pages = pages_of(epoch, kClearPageMax),
                               .tries = StepTries(context_.patience)});
  }
  if (clearing_->pages.is_done()) {
    std::erase(state_->dead, clearing_->epoch);
    clearing_.reset();
    co_return !state_->dead.empty();
  }
  if (Clock::now() < clearing_->rests_until) co_return false;
  const auto cleared = co_await clear_page(*clearing_);
  if (!cleared) co_return std::unexpected(cleared.error());
  co_return !over_;
}

Task<Result<void>> Tenure::clear_page(Clearing& clearing) {
  const auto failed = [&](const etcd::CallFailure& failure) {
    clearing.tries.note_failure(failure, context_.patience);
    if (failure.status == etcd::Status::deadline_exceeded) clearing.pages.narrow();
    clearing.tries.pause = std::clamp(clearing.tries.pause * 2, kClearPause, kLastClearPause);
    clearing.rests_until = Clock::now() + clearing.tries.pause;
    return std::unexpected(error_of(failure));
  };
  pb::RangeRequest request;
  clearing.pages.fill(request);
  request.set_keys_only(true);
  const auto page = co_await context_.kv.range(request, clearing.tries.options());
  if (!page) co_return failed(page.error());
  if (page->kvs_size() == 0) {
    clearing.pages.note(*page);
    co_return Result<void>();
  }
  pb::TxnRequest txn;
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  add_delete(*txn.add_success(), page->kvs(0).key(), page->kvs(page->kvs_size() - 1).key() + '\0');
  add_range(*txn.add_failure(), owner_key_);
  const auto reply = co_await context_.kv.txn(txn, clearing.tries.options());
  if (!reply) co_return failed(reply.error());
  if (!reply->succeeded()) over_ = true;
  if (reply->succeeded()) clearing.pages.note(*page);
  clearing.tries.note_success(context_.patience);
  co_return Result<void>();
}

}  // namespace sluice::store
