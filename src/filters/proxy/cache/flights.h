// SPDX-License-Identifier: Apache-2.0
// Flights: which keys are being fetched by this core, so that requests for the same wait for one
// answer instead of all going to the backend. Core-bound.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/task.h"
#include "loop/wait_list.h"

namespace sluice::filters {

class Flights {
 public:
  explicit Flights(loop::EventLoop& loop) : loop_(loop), on_core_(loop) {}
  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;

  // While it lives, others wait for the key. Must not outlive the Flights.
  class Lead {
   public:
    Lead(Flights& flights, std::string key);
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead();
    // The answer is of use to others; without this word they will not wait for this key for a
    // while.
    void keepable() { keepable_ = true; }

   private:
    Flights& flights_;
    std::string key_;
    bool leads_;
    bool keepable_ = false;
  };

  // Whether somebody fetches `key` now.
  [[nodiscard]] bool under_way(const std::string& key) const { return waiting_.contains(key); }
  // Whether to wait before fetching `key`.
  [[nodiscard]] bool worth_waiting(std::string_view key) const;
  // Until the fetch under way is over, at most kWaitMax.
  Task<void> wait(std::string key);

 private:
  static constexpr Duration kWaitMax = std::chrono::seconds(5);
  static constexpr Duration kNoWaitFor = std::chrono::seconds(10);
  struct NoWait {
    std::size_t hash = 0;
    TimePoint until{};
  };
  [[nodiscard]] static std::size_t hash(std::string_view key);
  void land(const std::string& key, bool keepable);

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  std::unordered_map<std::string, loop::WaitList> waiting_;
  std::array<NoWait, 1024> no_wait_{};  // by hash; of two with the same place the later counts
};

}  // namespace sluice::filters
