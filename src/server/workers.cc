// SPDX-License-Identifier: Apache-2.0
#include "server/workers.h"

#include <latch>

namespace sluice::server {

Workers::Workers(unsigned count, observe::AccessLog* access_log, const Logger& logger) {
  for (unsigned i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<Worker>(i, count, access_log, logger));
}

Workers::~Workers() { stop(); }

void Workers::start() {
  for (const auto& worker : workers_) worker->start();
}

void Workers::stop() {
  for (const auto& worker : workers_) worker->stop();
}

void Workers::on_every_core(const std::function<void(Worker&)>& work) {
  std::latch done(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& worker : workers_) {
    worker->core().loop.post([&work, &done, worker = worker.get()] {
      work(*worker);
      done.count_down();
    });
  }
  done.wait();
}

void Workers::publish(std::shared_ptr<const Snapshot> snapshot,
                      std::map<std::string, std::vector<net::Listener>> listeners) {
  std::vector<std::map<std::string, net::Listener>> by_core(workers_.size());
  for (auto& [name, sockets] : listeners) {
    for (std::size_t i = 0; i < sockets.size() && i < by_core.size(); ++i) {
      by_core[i].emplace(name, std::move(sockets[i]));
    }
  }
  on_every_core(
      [&](Worker& worker) { worker.install(*snapshot, std::move(by_core[worker.core().index])); });
}

std::size_t Workers::connection_count() {
  std::atomic<std::size_t> count{0};
  on_every_core([&](Worker& worker) { count += worker.connection_count(); });
  return count;
}

std::size_t Workers::drain(Duration patience) {
  constexpr std::chrono::milliseconds kLook{10};
  on_every_core([](Worker& worker) { worker.drain(); });
  const TimePoint end = Clock::now() + patience;
  std::size_t left = connection_count();
  while (left > 0 && Clock::now() < end) {
    std::this_thread::sleep_for(kLook);
    left = connection_count();
  }
  if (left > 0) on_every_core([](Worker& worker) { worker.close_all(); });
  return left;
}

}  // namespace sluice::server
