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
  struct Claimed {
    std::vector<std::string> names;
    bool background;
    std::stop_source stop{};
  };
  using ClaimedList = std::list<Claimed>;

 public:
  class Claim {
   public:
    Claim(Claims& claims, ClaimedList::iterator claimed) : claims_(&claims), claimed_(claimed) {}
    Claim(Claim&& other) noexcept
        : claims_(std::exchange(other.claims_, nullptr)), claimed_(other.claimed_) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (claims_ != nullptr) claims_->release(claimed_);
    }
    // Requested when the work is no longer wanted: see take() and end().
    [[nodiscard]] std::stop_token stop() const { return claimed_->stop.get_token(); }

   private:
    Claims* claims_;
    ClaimedList::iterator claimed_;
  };

  // Waits until no earlier caller claims any of the names. Asks background work on them to stop.
  [[nodiscard]] Claim take(std::vector<std::string> names);
  // For background work. nullopt if the name is claimed.
  [[nodiscard]] std::optional<Claim> try_take(const std::string& name);
  // Asks the holders of all present and future claims to stop.
  void end();
  [[nodiscard]] bool has_ended() const;

 private:
  [[nodiscard]] bool is_first(ClaimedList::const_iterator claimed) const SLUICE_REQUIRES(mutex_);
  void release(ClaimedList::iterator claimed);

  mutable Mutex mutex_;
  Condition freed_;
  ClaimedList list_ SLUICE_GUARDED_BY(mutex_);  // in the order of the requests
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::control
