// SPDX-License-Identifier: Apache-2.0
#include "http/h2/native_session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace sluice::http::h2 {
namespace {

// The space before each block of the slot, for its size. Blocks are aligned as malloc()'s are.
constexpr std::size_t kHeadBytes = alignof(std::max_align_t);

std::size_t size_of(const void* block) {
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const char*>(block) - kHeadBytes, sizeof size);
  return size;
}

}  // namespace

NativeSession::NativeSession(PagePool* pool)
    : hooks_{this, allocate, release, allocate_zeroed, reallocate} {
  if (pool != nullptr) slot_ = pool->acquire(kSlotBytes);
}

NativeSession::~NativeSession() { slot_.unfold(); }

bool NativeSession::start(const nghttp2_session_callbacks* callbacks, void* self,
                          const nghttp2_option* option) {
  nghttp2_session* made = nullptr;
  starting_ = true;
  const int outcome = nghttp2_session_server_new3(&made, callbacks, self, option, &hooks_);
  starting_ = false;
  session_.reset(outcome == 0 ? made : nullptr);
  return outcome == 0;
}

void NativeSession::rest() { slot_.fold(used_); }

void* NativeSession::take_from_slot(std::size_t size) {
  if (!starting_ || size < kLargeBytes) return nullptr;
  const std::size_t whole = kHeadBytes + (size + kHeadBytes - 1) / kHeadBytes * kHeadBytes;
  if (whole > slot_.bytes().size() - used_) return nullptr;
  char* const head = slot_.bytes().data() + used_;
  std::memcpy(head, &size, sizeof size);
  used_ += whole;
  return head + kHeadBytes;
}

void* NativeSession::allocate(std::size_t size, void* self) {
  void* const block = static_cast<NativeSession*>(self)->take_from_slot(size);
  return block != nullptr ? block : std::malloc(size);
}

void* NativeSession::allocate_zeroed(std::size_t count, std::size_t size, void* self) {
  void* const block = static_cast<NativeSession*>(self)->take_from_slot(count * size);
  return block != nullptr ? std::memset(block, 0, count * size) : std::calloc(count, size);
}

// Does not free a block of the slot: there are five, and they live as long as the session.
void NativeSession::release(void* memory, void* self) {
  if (!static_cast<NativeSession*>(self)->slot_.holds(memory)) std::free(memory);
}

void* NativeSession::reallocate(void* memory, std::size_t size, void* self) {
  if (memory == nullptr) return allocate(size, self);
  if (!static_cast<NativeSession*>(self)->slot_.holds(memory)) return std::realloc(memory, size);
  void* const moved = std::malloc(size);
  if (moved != nullptr) std::memcpy(moved, memory, std::min(size, size_of(memory)));
  return moved;
}

}  // namespace sluice::http::h2
