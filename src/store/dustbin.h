// SPDX-License-Identifier: Apache-2.0
// Where cores leave big tables for the journal's thread to take apart: freeing a million records
// takes tens of milliseconds, too long for a core.
#pragma once

#include <atomic>
#include <memory>

#include "store/doorbell.h"
#include "store/table.h"

namespace sluice::store {

class Dustbin {
 public:
  explicit Dustbin(std::shared_ptr<Doorbell> bell) : bell_(std::move(bell)) {}
  ~Dustbin() { empty(); }
  Dustbin(const Dustbin&) = delete;
  Dustbin& operator=(const Dustbin&) = delete;

  // Any thread. Small tables go at once.
  void throw_in(Table table) {
    if (table.size() < kSmall) return;
    auto item = std::make_unique<Item>(std::move(table), newest_.load(std::memory_order_relaxed));
    while (!newest_.compare_exchange_weak(item->older, item.get(), std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
    (void)item.release();  // the list owns it now
    bell_->call();
  }
  // Any thread that may take its time.
  void empty() {
    Item* item = newest_.exchange(nullptr, std::memory_order_acquire);
    while (item != nullptr) {
      const std::unique_ptr<Item> owner(item);
      item = owner->older;
    }
  }

 private:
  static constexpr std::size_t kSmall = 256;
  struct Item {
    Item(Table&& contents, Item* rest) : table(std::move(contents)), older(rest) {}
    Table table;
    Item* older;
  };
  std::shared_ptr<Doorbell> bell_;
  std::atomic<Item*> newest_{nullptr};
};

}  // namespace sluice::store
