// SPDX-License-Identifier: Apache-2.0
// Followed: an object that another thread replaces now and then, such as a set of keys. A core
// looks at a number for each request, and takes a lock only after a change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/published.h"

namespace sluice::filters {

// Any thread.
template <class T>
class Followed {
 public:
  void store(std::shared_ptr<const T> next) {
    published_.store(std::move(next));
    version_.fetch_add(1, std::memory_order_release);
  }
  // 0: nothing was stored.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] std::shared_ptr<const T> load() const { return published_.load(); }

 private:
  Published<T> published_;
  std::atomic<std::uint64_t> version_{0};
};

// The view of one core. Core-bound.
template <class T>
class Follower {
 public:
  explicit Follower(std::shared_ptr<const Followed<T>> followed) : followed_(std::move(followed)) {}

  // Returns true if there is another object than at the last call.
  bool update() {
    const std::uint64_t version = followed_->version();
    if (version == version_) return false;
    version_ = version;
    object_ = followed_->load();
    return true;
  }
  // Null: nothing was stored before the last update().
  [[nodiscard]] const std::shared_ptr<const T>& object() const { return object_; }

 private:
  std::shared_ptr<const Followed<T>> followed_;
  std::shared_ptr<const T> object_;
  std::uint64_t version_ = 0;
};

}  // namespace sluice::filters
