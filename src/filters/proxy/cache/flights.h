// SPDX-License-Identifier: Apache-2.0
// Flights: the keys that this core is fetching. Requests for the same key wait for one response
// instead of all going to the backend. Core-bound.
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

  // While a Lead lives, other requests wait for its key. Requires: it does not outlive the Flights.
  class Lead {
   public:
    Lead(Flights& flights, std::string key);
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead();
    // Call if other requests can use the response. Otherwise no request waits for this key for a
    // while.
    void keepable() { keepable_ = true; }

   private:
    Flights& flights_;
    std::string key_;
    bool leads_;
    bool keepable_ = false;
  };

  // Whether a fetch of `key` is under way.
  [[nodiscard]] bool under_way(const std::string& key) const { return waiting_.contains(key); }
  // Whether a request should wait before it fetches `key`.
  [[nodiscard]] bool worth_waiting(std::string_view key) const;
  // Waits until the fetch under way ends, at most kWaitMax.
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
  std::array<NoWait, 1024> no_wait_{};  // by hash; of two keys with one place, the later counts
};

}  // namespace sluice::filters
