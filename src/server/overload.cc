// SPDX-License-Identifier: Apache-2.0
#include "server/overload.h"

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

}  // namespace sluice::server
