// SPDX-License-Identifier: Apache-2.0
#include "store/doorbell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace sluice::store {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

void Doorbell::wake() {
  if (asleep_.exchange(0, std::memory_order_seq_cst) == 0) return;
  ::syscall(SYS_futex, &asleep_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Doorbell::sleep(Duration longest) {
  const TimePoint end = Clock::now() + longest;
  while (asleep_.load(std::memory_order_seq_cst) != 0) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - Clock::now());
    if (left.count() <= 0) break;
    const timespec limit{.tv_sec = left.count() / 1'000'000'000,
                         .tv_nsec = left.count() % 1'000'000'000};
    ::syscall(SYS_futex, &asleep_, FUTEX_WAIT_PRIVATE, 1, &limit, nullptr, 0);
  }
  get_up();
}

}  // namespace sluice::store
