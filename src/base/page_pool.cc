// SPDX-License-Identifier: Apache-2.0
#include "base/page_pool.h"

#include <sys/mman.h>

#include <bit>
#include <cstring>
#include <new>
#include <utility>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#endif

namespace sluice {
namespace {

using Word = std::uint64_t;
constexpr std::size_t kWordBytes = sizeof(Word);

Word word_at(const char* bytes, std::size_t index) {
  Word word = 0;
  std::memcpy(&word, bytes + index * kWordBytes, kWordBytes);
  return word;
}

// Encodes the header of a run of nonzero words: its first index and its length.
Word head_of_run(std::size_t begin, std::size_t count) { return begin << 32 | count; }

// Calls `take(begin, count)` for each run of nonzero words.
template <class Take>
void for_each_run(std::span<const char> bytes, Take take) {
  const std::size_t count = bytes.size() / kWordBytes;
  for (std::size_t at = 0; at < count;) {
    const std::size_t begin = at;
    while (at < count && word_at(bytes.data(), at) != 0) ++at;
    if (at > begin) take(begin, at - begin);
    while (at < count && word_at(bytes.data(), at) == 0) ++at;
  }
}

void give_pages_back(std::span<char> bytes) {
  ::madvise(bytes.data(), bytes.size(), MADV_DONTNEED);
}

}  // namespace

PagePool::~PagePool() {
  for (char* chunk : chunks_) {
    ASAN_UNPOISON_MEMORY_REGION(chunk, kChunkBytes);
    ::munmap(chunk, kChunkBytes);
  }
}

PagePool::SizeClass& PagePool::size_class_of(std::size_t slot_bytes) {
  return size_classes_[static_cast<std::size_t>(std::countr_zero(slot_bytes / kSlotBytesMin))];
}

PagePool::Slot PagePool::acquire(std::size_t bytes) {
  const std::size_t size = std::bit_ceil(std::max(bytes, kSlotBytesMin));
  SizeClass& size_class = size_class_of(size);
  if (size_class.warm.empty() && size_class.cold.empty() && !refill(size_class, size)) return {};
  std::vector<char*>& from = size_class.warm.empty() ? size_class.cold : size_class.warm;
  char* const begin = from.back();
  from.pop_back();
  ASAN_UNPOISON_MEMORY_REGION(begin, size);
  return {*this, {begin, size}};
}

// No huge pages: touching one slot must not make 2 MiB resident.
bool PagePool::refill(SizeClass& size_class, std::size_t slot_bytes) {
  void* const made = ::mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (made == MAP_FAILED) return false;
  ::madvise(made, kChunkBytes, MADV_NOHUGEPAGE);
  char* const chunk = static_cast<char*>(made);
  chunks_.push_back(chunk);
  for (std::size_t at = kChunkBytes; at > 0; at -= slot_bytes)
    size_class.cold.push_back(chunk + at - slot_bytes);
  ASAN_POISON_MEMORY_REGION(chunk, kChunkBytes);
  return true;
}

void PagePool::release(std::span<char> slot) {
  SizeClass& size_class = size_class_of(slot.size());
  const bool keep = size_class.warm.size() < kWarmMax;
  if (!keep) give_pages_back(slot);
  ASAN_POISON_MEMORY_REGION(slot.data(), slot.size());
  (keep ? size_class.warm : size_class.cold).push_back(slot.data());
}

PagePool::Slot::Slot(Slot&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      bytes_(std::exchange(other.bytes_, {})),
      folded_(std::move(other.folded_)),
      folded_words_(std::exchange(other.folded_words_, 0)) {}

PagePool::Slot& PagePool::Slot::operator=(Slot&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(bytes_, other.bytes_);
  std::swap(folded_, other.folded_);
  std::swap(folded_words_, other.folded_words_);
  return *this;
}

PagePool::Slot::~Slot() {
  forget();
  if (pool_ != nullptr) pool_->release(bytes_);
}

// Erases the bytes: they may contain a client's secret, such as a cookie.
void PagePool::Slot::forget() {
  if (folded_) ::explicit_bzero(folded_.get(), folded_words_ * kWordBytes);
  folded_.reset();
  folded_words_ = 0;
}

void PagePool::Slot::fold(std::size_t used) {
  if (pool_ == nullptr || folded_) return;
  const std::span<const char> kept =
      bytes_.first((used + kWordBytes - 1) / kWordBytes * kWordBytes);
  std::size_t words = 1;
  for_each_run(kept, [&](std::size_t, std::size_t count) { words += 1 + count; });
  folded_.reset(new (std::nothrow) Word[words]);
  if (!folded_) return;
  folded_words_ = words;
  Word* out = folded_.get();
  for_each_run(kept, [&](std::size_t begin, std::size_t count) {
    *out++ = head_of_run(begin, count);
    std::memcpy(out, kept.data() + begin * kWordBytes, count * kWordBytes);
    out += count;
  });
  *out = head_of_run(0, 0);
  give_pages_back(bytes_);
  ASAN_POISON_MEMORY_REGION(bytes_.data(), bytes_.size());
}

void PagePool::Slot::restore() {
  ASAN_UNPOISON_MEMORY_REGION(bytes_.data(), bytes_.size());
  const Word* in = folded_.get();
  while (*in != 0) {
    const std::size_t begin = *in >> 32;
    const std::size_t count = *in & 0xffffffff;
    std::memcpy(bytes_.data() + begin * kWordBytes, in + 1, count * kWordBytes);
    in += 1 + count;
  }
  forget();
}

}  // namespace sluice
