// SPDX-License-Identifier: Apache-2.0
#include "admin/connections.h"

#include <utility>

namespace sluice::admin {

ApiConnections::ApiConnections(loop::EventLoop& loop, Service& service,
                               const Published<AccessControl>& access, Patience patience,
                               std::size_t connections_max)
    : loop_(loop),
      service_(service),
      access_(access),
      patience_(patience),
      connections_max_(connections_max) {}

// The connection that is cut counts until it leaves; the next one cuts another.
bool ApiConnections::make_place() {
  if (all_.size() < connections_max_) return true;
  if (silent_.alone() && silent_admitted_.alone()) return false;
  loop::Link& list = silent_.alone() ? silent_admitted_ : silent_;
  auto& longest = static_cast<OpenConnection&>(*list.after);
  longest.unlink();
  longest.cut();
  return true;
}

void ApiConnections::leave(OpenConnection& connection) {
  all_.erase(&connection);
  if (all_.empty() && ended_) ended_();
}

void ApiConnections::retire() {
  for (OpenConnection* connection : all_) connection->retire();
}

void ApiConnections::stop(std::function<void()> ended) {
  ended_ = std::move(ended);
  for (OpenConnection* connection : all_) connection->stop();
  if (all_.empty()) ended_();
}

}  // namespace sluice::admin
