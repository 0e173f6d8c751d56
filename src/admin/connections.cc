// SPDX-License-Identifier: Apache-2.0
#include "admin/connections.h"

#include <utility>

namespace sluice::admin {

Connections::Connections(loop::EventLoop& loop, Service& service, const Published<Access>& access,
                         Patience patience, std::size_t connections_max)
    : loop_(loop),
      service_(service),
      access_(access),
      patience_(patience),
      connections_max_(connections_max) {}

// The connection that is cut counts until it leaves; the next one cuts another.
bool Connections::make_place() {
  if (all_.size() < connections_max_) return true;
  if (silent_.alone()) return false;
  auto& longest = static_cast<Member&>(*silent_.after);
  longest.unlink();
  longest.cut();
  return true;
}

void Connections::leave(Member& member) {
  all_.erase(&member);
  if (all_.empty() && ended_) ended_();
}

void Connections::retire() {
  for (Member* member : all_) member->retire();
}

void Connections::stop(std::function<void()> ended) {
  ended_ = std::move(ended);
  for (Member* member : all_) member->stop();
  if (all_.empty()) ended_();
}

}  // namespace sluice::admin
