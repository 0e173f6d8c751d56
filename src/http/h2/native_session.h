// SPDX-License-Identifier: Apache-2.0
// Inside http/h2 only: an nghttp2_session and its memory. nghttp2 allocates 26 KB once, of which a
// quiet connection uses 1 KB. They are in a slot of a PagePool, so that they can be folded while
// the connection is idle. Core-bound.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <memory>

#include "base/deleter.h"
#include "base/page_pool.h"

namespace sluice::http::h2 {

class NativeSession {
 public:
  // Requires: `pool` outlives this. Null: all memory is from the heap.
  explicit NativeSession(PagePool* pool);
  ~NativeSession();
  NativeSession(const NativeSession&) = delete;
  NativeSession& operator=(const NativeSession&) = delete;

  // Starts the server's side; called once. Returns false if out of memory.
  [[nodiscard]] bool start(const nghttp2_session_callbacks* callbacks, void* self,
                           const nghttp2_option* option);
  // Returns null before start(). The session keeps its address, but the pointer is valid only until
  // rest().
  [[nodiscard]] nghttp2_session* get() {
    slot_.unfold();
    return session_.get();
  }
  // Gives back memory until the next get(). Requires: not called from nghttp2's callbacks.
  void rest();

 private:
  static constexpr std::size_t kSlotBytes = PagePool::kSlotBytesMax;
  static constexpr std::size_t kLargeBytes = 512;  // smaller blocks are from the heap

  static void* allocate(std::size_t size, void* self);
  static void release(void* memory, void* self);
  static void* allocate_zeroed(std::size_t count, std::size_t size, void* self);
  static void* reallocate(void* memory, std::size_t size, void* self);
  [[nodiscard]] void* take_from_slot(std::size_t size);

  PagePool::Slot slot_;
  std::size_t used_ = 0;   // of the slot
  bool starting_ = false;  // only blocks allocated meanwhile are in the slot
  nghttp2_mem hooks_;
  std::unique_ptr<nghttp2_session, Deleter<nghttp2_session_del>> session_;
};

}  // namespace sluice::http::h2
