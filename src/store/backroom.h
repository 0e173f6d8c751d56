// SPDX-License-Identifier: Apache-2.0
// Backroom: a thread for work that is too slow for a core or the journal. Freeing or counting a
// million records takes tens of milliseconds.
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

  // Whether requests wait for the work. If so, the thread runs at normal priority.
  enum class Awaited { no, yes };

  explicit Backroom(Awaited awaited = Awaited::no);
  ~Backroom() { close(); }
  Backroom(const Backroom&) = delete;
  Backroom& operator=(const Backroom&) = delete;

  // Any thread; takes no lock. Runs the work in roughly the order of the calls, then destroys it.
  // After close(), work is only destroyed.
  void give(Work work);
  // Destroys `thing` on the thread of the Backroom.
  template <class Thing>
  void throw_away(Thing thing) {
    give([gone = std::move(thing)] {});
  }
  // The owner, once: ends the thread after its current work.
  void close();

 private:
  struct Item {
    Work work;
    Item* next;
  };
  void run(Awaited awaited);
  // Takes all queued items, in the order of give().
  [[nodiscard]] Item* take();
  void empty(bool work);

  Doorbell bell_;
  std::atomic<Item*> newest_{nullptr};
  std::atomic<bool> closed_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::store
