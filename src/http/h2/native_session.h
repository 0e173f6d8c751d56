// SPDX-License-Identifier: Apache-2.0
// Inside http/h2 only: an nghttp2_session, and where its memory is. What nghttp2 takes once and for
// all, 26 KB of which a quiet connection uses 1 KB, stands in a PagePool's slot, so that it can be
// folded while nothing goes on. Core-bound.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <memory>

#include "base/deleter.h"
#include "base/page_pool.h"

namespace sluice::http::h2 {

class NativeSession {
 public:
  // `pool` outlives it; null: all memory is the heap's.
  explicit NativeSession(PagePool* pool);
  ~NativeSession();
  NativeSession(const NativeSession&) = delete;
  NativeSession& operator=(const NativeSession&) = delete;

  // The server's side, once. False: out of memory.
  [[nodiscard]] bool start(const nghttp2_session_callbacks* callbacks, void* self,
                           const nghttp2_option* option);
  // Null before start(). What it points to moves nowhere, but is there only until rest().
  [[nodiscard]] nghttp2_session* get() {
    slot_.unfold();
    return session_.get();
  }
  // Gives memory back until the next get(). Not from inside nghttp2's callbacks.
  void rest();

 private:
  static constexpr std::size_t kSlotBytes = PagePool::kSlotBytesMax;
  static constexpr std::size_t kLargeBytes = 512;  // what is smaller is the heap's

  static void* allocate(std::size_t size, void* self);
  static void release(void* memory, void* self);
  static void* allocate_zeroed(std::size_t count, std::size_t size, void* self);
  static void* reallocate(void* memory, std::size_t size, void* self);
  [[nodiscard]] void* take_from_slot(std::size_t size);

  PagePool::Slot slot_;
  std::size_t used_ = 0;   // of the slot
  bool starting_ = false;  // only what is taken then comes from the slot
  nghttp2_mem hooks_;
  std::unique_ptr<nghttp2_session, Deleter<nghttp2_session_del>> session_;
};

}  // namespace sluice::http::h2
