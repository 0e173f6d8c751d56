// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/memory_cache.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <ranges>

namespace sluice::filters {

std::size_t InvalidationStamps::slot(std::string_view key) {
  return std::hash<std::string_view>()(key) % kCount;
}

std::uint32_t InvalidationStamps::get(std::string_view key) const {
  return stamps_[slot(key)].load(std::memory_order_acquire);
}

void InvalidationStamps::invalidate(std::string_view key) {
  stamps_[slot(key)].fetch_add(1, std::memory_order_acq_rel);
}

MemoryCache::MemoryCache(const MemoryCacheSpec& spec, unsigned core_count,
                         std::shared_ptr<InvalidationStamps> stamps)
    : spec_(spec),
      stamps_(std::move(stamps)),
      shelves_(core_count, Shelf(static_cast<std::size_t>(spec.max_bytes / core_count))),
      loops_(core_count),
      cells_(core_count),
      charges_(core_count) {}

void MemoryCache::join(const loop::Core& core) {
  auto& charge = charges_[core.index];
  if (!charge)
    charge = std::make_unique<SharedMemoryCharge>(core.loop.memory().budget(), MemoryUse::caches);
  loops_[core.index].store(&core.loop, std::memory_order_release);
}

MemoryCache::Selection MemoryCache::find(const loop::Core& core, std::string_view key,
                                         const http::Request& request, const CachePlan& plan,
                                         TimePoint now) {
  const Shelf::Responses* const entries = shelves_[core.index].find(key);
  if (entries == nullptr) return {};
  const std::uint32_t stamp = stamps_->get(key);
  for (const Shelf::ResponsePtr& entry : std::views::reverse(*entries)) {
    if (entry->stamp != stamp) continue;
    const Use use = use_of(*entry, request, plan, now);
    if (use == Use::none) continue;
    // Written only on a change: the cache line is shared by all cores.
    if (!entry->used.load(std::memory_order_relaxed))
      entry->used.store(true, std::memory_order_relaxed);
    return {entry, use};
  }
  return {};
}

void MemoryCache::count(const loop::Core& core, bool hit) {
  Cells& cells = cells_.at(core.index);
  (hit ? cells.hits : cells.misses).add();
}

void MemoryCache::store(const loop::Core& core, std::shared_ptr<const StoredResponse> entry) {
  if (entry->stamp != stamps_->get(entry->key)) return;
  if (charges_[core.index]->tight()) return;  // when memory is tight, the cache gives way first
  const Shelf::Responses gone = shelves_[core.index].store(entry);
  if (gone.size() == 1 && gone.front() == entry) return;
  measure(core.index);
  tell_others(core, entry, gone);
}

void MemoryCache::forget(const loop::Core& core,
                         const std::shared_ptr<const StoredResponse>& entry) {
  shelves_[core.index].drop({entry});
  measure(core.index);
  tell_others(core, nullptr, {entry});
}

void MemoryCache::tell_others(const loop::Core& core, const Shelf::ResponsePtr& added,
                              const Shelf::Responses& gone) {
  for (unsigned other = 0; other < loops_.size(); ++other) {
    loop::EventLoop* const loop = loops_[other].load(std::memory_order_acquire);
    if (other == core.index || loop == nullptr) continue;
    loop->post([cache = weak_from_this(), other, added, gone] {
      if (const auto self = cache.lock()) self->on_news(other, added, gone);
    });
  }
}

void MemoryCache::on_news(unsigned core, const Shelf::ResponsePtr& added,
                          const Shelf::Responses& gone) {
  Shelf& shelf = shelves_[core];
  shelf.drop(gone);
  measure(core);
  if (added == nullptr) return;
  const Shelf::Responses replaced = shelf.adopt(added);
  measure(core);
  if (replaced.empty()) return;
  const loop::Core self{*loops_[core].load(std::memory_order_relaxed), core,
                        static_cast<unsigned>(loops_.size())};
  tell_others(self, nullptr, replaced);
}

void MemoryCache::measure(unsigned core) {
  cells_.at(core).entries.set(shelves_[core].own_count());
  cells_.at(core).bytes.set(shelves_[core].own_bytes());
  charges_[core]->set(shelves_[core].own_bytes());
}

Json MemoryCache::status() const {
  return {{"entries", cells_.sum(&Cells::entries)},
          {"bytes", cells_.sum(&Cells::bytes)},
          {"hits", cells_.sum(&Cells::hits)},
          {"misses", cells_.sum(&Cells::misses)}};
}

}  // namespace sluice::filters
