// SPDX-License-Identifier: Apache-2.0
// Backroom: a thread for what takes too long for a core and for the journal: freeing a million
// records takes tens of milliseconds, counting them does, too.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "store/doorbell.h"

namespace sluice::store {

class Backroom {
 public:
  using Work = std::move_only_function<void()>;

  // Whether requests wait for its work: then the kernel does not put it behind theirs.
  enum class Awaited { no, yes };

  explicit Backroom(Awaited awaited = Awaited::no);
  ~Backroom() { close(); }
  Backroom(const Backroom&) = delete;
  Backroom& operator=(const Backroom&) = delete;

  // Any thread; takes no lock. What is given is done in about the order of giving, and then
  // destroyed; from close() on it is destroyed only.
  void give(Work work);
  // Leaves `thing` to be destroyed.
  template <class Thing>
  void throw_away(Thing thing) {
    give([gone = std::move(thing)] {});
  }
  // The owner, once: ends the thread after the work at hand.
  void close();

 private:
  struct Item {
    Work work;
    Item* next;
  };
  void run(Awaited awaited);
  // Takes all that was given; in the order of giving.
  [[nodiscard]] Item* take();
  void empty(bool work);

  Doorbell bell_;
  std::atomic<Item*> newest_{nullptr};
  std::atomic<bool> closed_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::store
