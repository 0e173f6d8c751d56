// SPDX-License-Identifier: Apache-2.0
#include "backend/idle_connections.h"

#include <algorithm>
#include <span>
#include <utility>

namespace sluice::backend {

IdleConnections::IdleConnections(const loop::Core& core,
                                 std::vector<std::shared_ptr<ConnectionGate>> gates,
                                 IdleLimits limits)
    : core_(core),
      on_core_(core.loop),
      limits_(std::move(limits)),
      by_server_(gates.size()),
      all_(limits_.together ? limits_.together : std::make_shared<std::size_t>(0)) {
  for (std::size_t i = 0; i < gates.size(); ++i) {
    ServerIdles& of_server = by_server_[i];
    of_server.gate = std::move(gates[i]);
    of_server.evictor =
        of_server.gate->add_evictor(core, [this, &of_server] { return drop_one(of_server.idles); });
  }
}

IdleConnections::~IdleConnections() { subtract(idle_); }

// An idle connection may receive only its end.
Task<void> IdleConnections::watch(Idle& idle) {
  (void)co_await idle.connection->stream().read_some({&idle.heard, 1});
  idle.dead = true;
  idle.connection->stream().close();
}

bool IdleConnections::usable(const Idle& idle) {
  return !idle.dead && loop::EventLoop::now() < idle.until;
}

std::unique_ptr<H1Connection> IdleConnections::take(std::size_t server) {
  on_core_.here();
  Idles& idles = by_server_[server].idles;
  while (!idles.empty()) {
    const std::unique_ptr<Idle> last = std::move(idles.back());
    idles.pop_back();
    subtract(1);
    const bool good = usable(*last);
    last->watch.reset();
    if (good) return std::move(last->connection);
  }
  return nullptr;
}

void IdleConnections::put(std::size_t server, std::unique_ptr<H1Connection> connection) {
  on_core_.here();
  if (!connection->reusable()) return;
  ServerIdles& of_server = by_server_[server];
  if (!of_server.gate->has_queue(core_.index) && of_server.gate->others_wait(core_.index)) return;
  Idles& idles = of_server.idles;
  if (is_full(idles)) prune(idles);
  if (is_full(idles)) return;
  connection->stream().clear_deadline();
  idles.push_back(std::make_unique<Idle>());
  add();
  Idle& idle = *idles.back();
  idle.connection = std::move(connection);
  idle.until = loop::EventLoop::now() + std::min(limits_.for_max, idle.connection->reusable_for());
  idle.watch = watch(idle);
  idle.watch.start();
  if (!sweep_.pending()) sweep();
  of_server.gate->notify(core_);
}

bool IdleConnections::is_full(const Idles& idles) const {
  return idles.size() >= limits_.per_server_max || *all_ >= limits_.max;
}

void IdleConnections::prune(Idles& idles) {
  subtract(std::erase_if(idles, [](const auto& idle) { return !usable(*idle); }));
}

bool IdleConnections::drop_one(Idles& idles) {
  if (idles.empty()) return false;
  const std::unique_ptr<Idle> oldest = std::move(idles.front());
  idles.erase(idles.begin());
  subtract(1);
  return true;
}

void IdleConnections::sweep() {
  for (ServerIdles& of_server : by_server_) prune(of_server.idles);
  sweep_ = {};
  if (idle_ == 0) return;
  sweep_ = {core_.loop, loop::EventLoop::now() + limits_.for_max / 3, [this] { sweep(); }};
}

}  // namespace sluice::backend
