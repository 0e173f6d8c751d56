// SPDX-License-Identifier: Apache-2.0
// Published: a pointer that any thread may replace while others take it. For what changes rarely
// and is taken once per connection or handshake; what every request needs, its core holds already.
// (libstdc++ 12's std::atomic<std::shared_ptr> races with itself: a load ends without a release.)
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace sluice {

// Any thread. The lock is held for the copy of a pointer; nothing is destroyed under it.
template <typename T>
class Published {
 public:
  using Pointer = std::shared_ptr<const T>;

  Published() = default;
  explicit Published(Pointer first) : pointer_(std::move(first)) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  [[nodiscard]] Pointer load() const {
    const MutexLock lock(mutex_);
    return pointer_;
  }

  void store(Pointer next) {
    const MutexLock lock(mutex_);
    pointer_.swap(next);
  }

  // Puts `next` in the place of `expected`; if another is there, takes that into `expected`.
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
