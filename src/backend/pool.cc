// SPDX-License-Identifier: Apache-2.0
#include "backend/pool.h"

#include <span>
#include <utility>

namespace sluice::backend {

Pool::Pool(loop::EventLoop& loop, std::size_t server_count, PoolLimits limits)
    : loop_(loop), limits_(limits), shelves_(server_count) {}

// Nothing may come on an idle connection but its end.
Task<void> Pool::watch(Idle& idle) {
  (void)co_await idle.connection->stream().read_some({&idle.heard, 1});
  idle.dead = true;
  idle.connection->stream().close();
}

bool Pool::usable(const Idle& idle) const {
  return !idle.dead && loop::EventLoop::now() - idle.since < limits_.idle_for_max;
}

std::unique_ptr<Connection> Pool::take(std::size_t server) {
  Shelf& shelf = shelves_[server];
  while (!shelf.empty()) {
    const std::unique_ptr<Idle> last = std::move(shelf.back());
    shelf.pop_back();
    --idle_;
    const bool good = usable(*last);
    last->watch.reset();
    if (good) return std::move(last->connection);
  }
  return nullptr;
}

void Pool::put(std::size_t server, std::unique_ptr<Connection> connection) {
  if (!connection->reusable()) return;
  Shelf& shelf = shelves_[server];
  if (shelf.size() >= limits_.idle_per_server_max || idle_ >= limits_.idle_max) prune(shelf);
  if (shelf.size() >= limits_.idle_per_server_max || idle_ >= limits_.idle_max) return;
  connection->stream().clear_deadline();
  shelf.push_back(std::make_unique<Idle>());
  ++idle_;
  Idle& idle = *shelf.back();
  idle.connection = std::move(connection);
  idle.since = loop::EventLoop::now();
  idle.watch = watch(idle);
  idle.watch.start();
  if (!sweep_.pending()) sweep();
}

void Pool::prune(Shelf& shelf) {
  idle_ -= std::erase_if(shelf, [this](const auto& idle) { return !usable(*idle); });
}

void Pool::sweep() {
  for (Shelf& shelf : shelves_) prune(shelf);
  sweep_ = {};
  if (idle_ == 0) return;
  sweep_ = {loop_, loop::EventLoop::now() + limits_.idle_for_max / 3, [this] { sweep(); }};
}

}  // namespace sluice::backend
