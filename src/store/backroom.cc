// SPDX-License-Identifier: Apache-2.0
#include "store/backroom.h"

#include <malloc.h>

#include <utility>

#include "loop/urgency.h"

namespace sluice::store {

Backroom::Backroom(Awaited awaited) : thread_([this, awaited] { run(awaited); }) {}

void Backroom::close() {
  closed_.store(true, std::memory_order_seq_cst);
  bell_.call();
  if (thread_.joinable()) thread_.join();
  empty(false);
}

void Backroom::give(Work work) {
  auto item =
      std::make_unique<Item>(std::move(work), newest_.load(std::memory_order_relaxed)).release();
  while (!newest_.compare_exchange_weak(item->next, item, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) {
  }
  // Invariant: close() sees the item, or this sees close().
  if (closed_.load(std::memory_order_seq_cst)) {
    empty(false);
  } else {
    bell_.call();
  }
}

Backroom::Item* Backroom::take() {
  Item* newest = newest_.exchange(nullptr, std::memory_order_seq_cst);
  Item* oldest = nullptr;
  while (newest != nullptr) {
    Item* next = std::exchange(newest->next, oldest);
    oldest = std::exchange(newest, next);
  }
  return oldest;
}

void Backroom::empty(bool work) {
  for (Item* item = take(); item != nullptr;) {
    const std::unique_ptr<Item> owner(item);
    item = owner->next;
    if (work && !closed_.load(std::memory_order_seq_cst)) owner->work();
  }
}

void Backroom::run(Awaited awaited) {
  if (awaited == Awaited::no) loop::work_in_background();
  while (!closed_.load(std::memory_order_seq_cst)) {
    empty(true);
    // Otherwise malloc would keep the freed records of a finished sale.
    if (awaited == Awaited::no) ::malloc_trim(0);
    bell_.lie_down();
    if (bell_.called() || closed_.load(std::memory_order_seq_cst)) {
      bell_.get_up();
    } else {
      bell_.sleep(std::chrono::hours(1));
    }
  }
}

}  // namespace sluice::store
