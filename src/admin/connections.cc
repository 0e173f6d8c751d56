// SPDX-License-Identifier: Apache-2.0
#include "admin/connections.h"

#include <utility>

#include "admin/connection.h"

namespace sluice::admin {
namespace {

Task<void> run(Connections& all, std::unique_ptr<net::Stream> stream) {
  Connection connection(all, std::move(stream));
  co_await connection.serve();
}

}  // namespace

Connections::Connections(loop::EventLoop& loop, Service& service, const Published<Access>& access,
                         Patience patience, std::size_t connections_max)
    : loop_(loop),
      service_(service),
      access_(access),
      patience_(patience),
      connections_max_(connections_max) {}

void Connections::serve(std::unique_ptr<net::Stream> stream) {
  if (all_.size() < connections_max_ || make_room()) loop_.spawn(run(*this, std::move(stream)));
}

// The cut connection leaves all_ only later, from the loop. Returns false if no connection waits
// for its client.
bool Connections::make_room() {
  if (silent_.alone()) return false;
  auto& longest = static_cast<Connection&>(*silent_.after);
  longest.unlink();
  longest.cut();
  return true;
}

void Connections::retire() {
  for (Connection* connection : all_) connection->retire();
}

void Connections::stop(std::function<void()> ended) {
  ended_ = std::move(ended);
  for (Connection* connection : all_) connection->stop();
  if (all_.empty()) ended_();
}

void Connections::enter(Connection& connection) { all_.insert(&connection); }

void Connections::leave(Connection& connection) {
  all_.erase(&connection);
  if (all_.empty() && ended_) ended_();
}

void Connections::note_silent(Connection& connection) { connection.insert_behind(*silent_.before); }

}  // namespace sluice::admin
