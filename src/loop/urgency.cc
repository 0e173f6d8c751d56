// SPDX-License-Identifier: Apache-2.0
#include "loop/urgency.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::loop {
namespace {

// struct sched_attr of the kernel, first version (sched_setattr(2)); the C library has no wrapper.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy;
  std::uint64_t flags = 0;
  std::int32_t nice;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns;  // 0: the kernel's default
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

constexpr std::chrono::nanoseconds kSlice = std::chrono::microseconds(100);  // the kernel's least
constexpr int kBackgroundNice = 10;

int nice_now() { return ::getpriority(PRIO_PROCESS, 0); }

void set(const Attributes& attributes) {
  const pid_t self = 0;
  (void)::syscall(SYS_sched_setattr, self, &attributes, 0U);
}

}  // namespace

void work_soon() {
  set({.policy = SCHED_OTHER,
       .nice = nice_now(),
       .runtime_ns = static_cast<std::uint64_t>(kSlice.count())});
}

void work_in_background() {
  set({.policy = SCHED_BATCH, .nice = std::max(nice_now(), kBackgroundNice), .runtime_ns = 0});
}

}  // namespace sluice::loop
