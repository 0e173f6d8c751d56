// SPDX-License-Identifier: Apache-2.0
// Claims: the right to change an object. A build may take half a minute (a URL, a slow wasm_init).
// It delays only changes of the same object, which run in the order of their requests.
#pragma once

#include <list>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace sluice::control {

// Any thread. Outlives its claims.
class Claims {
  struct Entry {
    std::vector<std::string> names;
    bool background;
    std::stop_source stop{};
  };
  using Entries = std::list<Entry>;

 public:
  class Claim {
   public:
    Claim(Claims& claims, Entries::iterator entry) : claims_(&claims), entry_(entry) {}
    Claim(Claim&& other) noexcept
        : claims_(std::exchange(other.claims_, nullptr)), entry_(other.entry_) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (claims_ != nullptr) claims_->release(entry_);
    }
    // Requested when the work is no longer wanted: see take() and end().
    [[nodiscard]] std::stop_token stop() const { return entry_->stop.get_token(); }

   private:
    Claims* claims_;
    Entries::iterator entry_;
  };

  // Waits until no earlier caller claims any of the names. Asks background work on them to stop.
  [[nodiscard]] Claim take(std::vector<std::string> names);
  // For background work. nullopt if the name is claimed.
  [[nodiscard]] std::optional<Claim> try_take(const std::string& name);
  // Asks the holders of all present and future claims to stop.
  void end();

 private:
  [[nodiscard]] bool is_first(Entries::const_iterator entry) const SLUICE_REQUIRES(mutex_);
  void release(Entries::iterator entry);

  Mutex mutex_;
  Condition freed_;
  Entries entries_ SLUICE_GUARDED_BY(mutex_);  // in the order of the requests
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::control
