// SPDX-License-Identifier: Apache-2.0
// PagePool: memory in whole pages for objects that are long unused, and then mostly zeros: the
// state of a connection that rests. Such memory can be folded: what is in it is kept in as few
// bytes as that takes, and its pages go back to the system; unfolded, everything stands where it
// stood, so that no pointer into it changes. One thread at a time.
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
  // No Slot may be left.
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // Memory for `bytes` (1 to kSlotBytesMax), with anything in it. An empty Slot if the system has
  // no more.
  [[nodiscard]] Slot acquire(std::size_t bytes);

 private:
  // Free slots of one size: some with their pages, ready to be used, the others without.
  struct Shelf {
    std::vector<char*> warm;
    std::vector<char*> cold;
  };
  static constexpr std::size_t kSlotBytesMin = 4 << 10;
  static constexpr std::size_t kShelves = 4;   // each for twice the size of the one before
  static constexpr std::size_t kWarmMax = 64;  // of each shelf
  static constexpr std::size_t kChunkBytes =
      4 << 20;  // of address space, taken from the system at once

  [[nodiscard]] bool refill(Shelf& shelf, std::size_t slot_bytes);
  void release(std::span<char> slot);
  [[nodiscard]] Shelf& shelf_of(std::size_t slot_bytes);

  std::array<Shelf, kShelves> shelves_;
  std::vector<char*> chunks_;
};

// A piece of memory of a PagePool, which outlives it; goes back when this is destroyed.
class PagePool::Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  explicit operator bool() const { return pool_ != nullptr; }
  // Page-aligned. Not to be touched while it is folded.
  [[nodiscard]] std::span<char> bytes() const { return bytes_; }
  [[nodiscard]] bool holds(const void* pointer) const {
    const auto* at = static_cast<const char*>(pointer);
    return !bytes_.empty() && at >= bytes_.data() && at < bytes_.data() + bytes_.size();
  }

  // The first `used` bytes are kept, the others forgotten. Nothing happens if memory has run out.
  void fold(std::size_t used);
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
  std::unique_ptr<std::uint64_t[]> folded_;  // runs of words that are not 0
  std::size_t folded_words_ = 0;
};

}  // namespace sluice
