// SPDX-License-Identifier: Apache-2.0
// GuestBudget: the number of guests that all filters together may have (--max-guests).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace sluice::filters {

// Any thread; outlives its reservations.
class GuestBudget {
 public:
  explicit GuestBudget(std::uint32_t max) : max_(max) {}

  // The guests reserved for one generation of a filter, while the Reservation lives. Generations of
  // one filter overlap, so the largest of their counts is charged: the new one grows as the old one
  // shrinks.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(GuestBudget& budget, std::string filter, std::uint32_t count)
        : budget_(&budget), filter_(std::move(filter)), count_(count) {}
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          filter_(std::move(other.filter_)),
          count_(other.count_) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
      if (budget_ != nullptr) budget_->give_back(filter_, count_);
    }

   private:
    GuestBudget* budget_ = nullptr;
    std::string filter_;
    std::uint32_t count_ = 0;
  };
  // Error `conflict` states the budget and its use. `filter`: "pipeline/filter".
  [[nodiscard]] Result<Reservation> reserve(const std::string& filter, std::uint32_t count);

 private:
  void give_back(const std::string& filter, std::uint32_t count);

  const std::uint32_t max_;
  Mutex mutex_;
  std::map<std::string, std::multiset<std::uint32_t>> promised_
      SLUICE_GUARDED_BY(mutex_);  // of living generations
};

}  // namespace sluice::filters
