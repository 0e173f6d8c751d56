// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

namespace sluice {
namespace {

constexpr std::size_t kChunkBytesMin = std::size_t{4} << 10;
constexpr std::size_t kChunkBytesMax = std::size_t{256} << 10;
constexpr std::size_t kChunksPerCoreMin = 64;

std::size_t chunk_of(std::size_t bytes, unsigned core_count) {
  return std::clamp(bytes / (kChunksPerCoreMin * core_count), kChunkBytesMin, kChunkBytesMax);
}

}  // namespace

std::string_view to_string(MemoryUse use) {
  static constexpr std::array<std::string_view, kMemoryUses> kNames{
      "connections", "heads",        "requestBodies", "responses",
      "caches",      "filterCaches", "builderBodies"};
  return kNames[static_cast<std::size_t>(use)];
}

MemoryBudget::MemoryBudget(std::size_t bytes, unsigned core_count)
    : bytes_(bytes),
      chunk_bytes_(chunk_of(bytes, core_count)),
      core_count_(core_count),
      cells_(std::make_unique<Cells[]>(core_count)) {}

std::size_t MemoryBudget::held(MemoryUse use) const {
  std::size_t sum = shared_.held[static_cast<std::size_t>(use)].load(std::memory_order_relaxed);
  for (unsigned core = 0; core < core_count_; ++core)
    sum += cells_[core].held[static_cast<std::size_t>(use)].load(std::memory_order_relaxed);
  return sum;
}

void SharedMemoryCharge::set(std::size_t bytes) {
  const std::size_t more = bytes - std::exchange(bytes_, bytes);  // wraps if it shrinks
  if (budget_ == nullptr || more == 0) return;
  budget_->leased_.fetch_add(more, std::memory_order_relaxed);
  budget_->shared_.held[static_cast<std::size_t>(use_)].fetch_add(more, std::memory_order_relaxed);
}

MemoryAccount::~MemoryAccount() {
  if (budget_ != nullptr) budget_->leased_.fetch_sub(leased_, std::memory_order_relaxed);
}

void MemoryAccount::join(MemoryBudget& budget, unsigned core) {
  budget_ = &budget;
  cells_ = &budget.cells_[core];
  chunk_ = budget.chunk_bytes();
  leased_ = held_ = peak_ = 0;
}

// Returns false if the lease is refusable and the budget is used up.
bool MemoryAccount::lease(std::size_t bytes, bool refusable) {
  const std::size_t missing = bytes - (leased_ - held_);
  if (missing > budget_->bytes_ && refusable) return false;
  std::size_t more = (missing + chunk_ - 1) / chunk_ * chunk_;
  const std::size_t before = budget_->leased_.fetch_add(more, std::memory_order_relaxed);
  if (refusable && before + more > budget_->bytes_) {
    budget_->leased_.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }
  leased_ += more;
  return true;
}

// Keeps one chunk, so that the next take needs no lease.
void MemoryAccount::give_lease_back() {
  const std::size_t spare = leased_ - held_;
  const std::size_t back = spare / chunk_ * chunk_ - chunk_;
  leased_ -= back;
  budget_->leased_.fetch_sub(back, std::memory_order_relaxed);
}

}  // namespace sluice
