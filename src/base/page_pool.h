// SPDX-License-Identifier: Apache-2.0
// PagePool: memory in whole pages for objects that are unused for long times and then mostly zeros,
// such as the state of a resting connection. Folding stores a slot's nonzero words compactly, and
// returns its pages to the system. Unfolding restores the bytes at the same address, so that
// pointers into the slot stay valid. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice {

class PagePool {
 public:
  class Slot;
  static constexpr std::size_t kSlotBytesMax = 32 << 10;

  PagePool() = default;
  // Requires: no Slot is left.
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // Returns a slot of `bytes` (1 to kSlotBytesMax) with unspecified contents. Returns an empty Slot
  // if the system is out of memory.
  [[nodiscard]] Slot acquire(std::size_t bytes);

 private:
  // The free slots of one size: `warm` with their pages, `cold` without.
  struct SizeClass {
    std::vector<char*> warm;
    std::vector<char*> cold;
  };
  static constexpr std::size_t kSlotBytesMin = 4 << 10;
  static constexpr std::size_t kSizeClasses = 4;  // each has slots twice as large as the one before
  static constexpr std::size_t kWarmMax = 64;     // per size class
  static constexpr std::size_t kChunkBytes = 4 << 20;  // of address space, mapped at once

  [[nodiscard]] bool refill(SizeClass& size_class, std::size_t slot_bytes);
  void release(std::span<char> slot);
  [[nodiscard]] SizeClass& size_class_of(std::size_t slot_bytes);

  std::array<SizeClass, kSizeClasses> size_classes_;
  std::vector<char*> chunks_;
};

// A slot of a PagePool. Its destructor gives it back. Requires: the pool outlives it.
class PagePool::Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  // False for an empty Slot.
  explicit operator bool() const { return pool_ != nullptr; }
  // Page-aligned. Requires: the slot is not folded when the bytes are accessed.
  [[nodiscard]] std::span<char> bytes() const { return bytes_; }
  // True if `pointer` points into bytes().
  [[nodiscard]] bool holds(const void* pointer) const {
    const auto* at = static_cast<const char*>(pointer);
    return !bytes_.empty() && at >= bytes_.data() && at < bytes_.data() + bytes_.size();
  }

  // Folds the slot: keeps the nonzero words of the first `used` bytes, drops the other bytes, and
  // returns the pages. Does nothing if the slot is folded or memory has run out.
  void fold(std::size_t used);
  // Restores the kept bytes at their address; the others are zero. Does nothing unless folded.
  void unfold() {
    if (folded_) restore();
  }
  [[nodiscard]] bool folded() const { return folded_ != nullptr; }

 private:
  friend class PagePool;
  Slot(PagePool& pool, std::span<char> bytes) : pool_(&pool), bytes_(bytes) {}
  void restore();
  void forget();

  PagePool* pool_ = nullptr;
  std::span<char> bytes_;
  std::unique_ptr<std::uint64_t[]> folded_;  // runs of nonzero words
  std::size_t folded_words_ = 0;
};

}  // namespace sluice
