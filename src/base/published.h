// SPDX-License-Identifier: Apache-2.0
// Published: a pointer that any thread may replace while others read it. For objects that change
// rarely and are read once per connection or handshake; objects that each request needs are held by
// its core. (std::atomic<std::shared_ptr> of libstdc++ 12 has a race: its load ends without a
// release.)
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace sluice {

// Any thread. The lock is held only to copy a pointer; no object is destroyed under it.
template <typename T>
class Published {
 public:
  using Pointer = std::shared_ptr<const T>;

  Published() = default;
  explicit Published(Pointer first) : pointer_(std::move(first)) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // Returns the published pointer; null before the first.
  [[nodiscard]] Pointer load() const {
    const MutexLock lock(mutex_);
    return pointer_;
  }

  // Publishes `next`. The caller's thread drops the pointer that it replaces.
  void store(Pointer next) {
    const MutexLock lock(mutex_);
    pointer_.swap(next);
  }

  // Publishes `next` and returns true if `expected` is published. Otherwise stores the published
  // pointer in `expected` and returns false.
  bool replace(Pointer& expected, Pointer next) {
    const MutexLock lock(mutex_);
    if (pointer_ != expected) {
      next = std::exchange(expected, pointer_);
      return false;
    }
    pointer_.swap(next);
    return true;
  }

 private:
  mutable Mutex mutex_;
  Pointer pointer_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
