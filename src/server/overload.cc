// SPDX-License-Identifier: Apache-2.0
#include "server/overload.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/listener.h"
#include "server/limits.h"

namespace sluice::server {

bool Overload::update(const OverloadSpec& spec, OverloadCells& cells) {
  retry_after_ = spec.retry_after;
  const bool changed = spec.target != target_;
  if (changed) {  // a wait that exceeded the old target says nothing about the new one
    target_ = spec.target;
    late_at_ = TimePoint::min();
    cells_->overloaded_at.set(0);
  }
  cells_ = &cells;
  return changed;
}

void Overload::note_late(TimePoint now) {
  late_at_ = now;
  cells_->overloaded_at.set(static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

std::int64_t Overload::retry_after() {
  const auto least = std::chrono::ceil<std::chrono::seconds>(retry_after_);
  return least.count() + static_cast<std::int64_t>(retries_++ % (least.count() + 1));
}

void Overload::tick() {
  cells_->delay_us.set(static_cast<std::uint64_t>(std::exchange(longest_wait_, Duration()) /
                                                  std::chrono::microseconds(1)));
}

int Overload::backlog(unsigned accepted, TimePoint now) const {
  if (target_ <= Duration::zero() || !is_on(now)) return net::kBacklog;
  const double half = std::chrono::duration<double>(target_).count() / 2;
  return std::clamp(static_cast<int>(std::min(accepted * half, double{net::kBacklog})),
                    kOverloadedBacklogMin, net::kBacklog);
}

OverloadSums sum_overload(const observe::PerCore<OverloadCells>& cores, const OverloadSpec& spec) {
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  constexpr auto kMemory = static_cast<std::uint64_t>(OverloadCells::kMemory / Duration(1));
  const auto is_recent = [now](const observe::Cell& at) {
    return at.get() != 0 && now - std::min(now, at.get()) < kMemory;
  };
  OverloadSums sums{.overloaded = spec.target == Duration::zero(),
                    .delay_us = 0,
                    .shed = cores.sum(&OverloadCells::shed),
                    .known = cores.sum(&OverloadCells::known)};
  for (unsigned i = 0; i < cores.size(); ++i) {
    const OverloadCells& core = cores.at(i);
    sums.overloaded = sums.overloaded || is_recent(core.overloaded_at);
    sums.delay_us = std::max(sums.delay_us, core.delay_us.get());
  }
  return sums;
}

}  // namespace sluice::server
