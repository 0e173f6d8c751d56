// SPDX-License-Identifier: Apache-2.0
#include "server/workers.h"

#include <algorithm>
#include <iterator>
#include <latch>

#include "base/mutex.h"

namespace sluice::server {

Workers::Workers(unsigned count, std::size_t memory_bytes, observe::AccessLog* access_log,
                 const Logger& logger)
    : access_log_(access_log), memory_(memory_bytes, count) {
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(i, count, access_log, logger, trimmer_, memory_));
    workers_.back()->watch(ready_);
  }
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

void Workers::publish(std::shared_ptr<const Snapshot> snapshot, Listeners listeners) {
  std::vector<Listeners> by_core(workers_.size());
  for (auto& [name, sockets] : listeners) {
    for (auto& of_core : by_core) of_core[name];  // includes servers that have no listener any more
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      by_core[i % by_core.size()][name].push_back(std::move(sockets[i]));
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

bool Workers::retire(std::shared_ptr<const Snapshot> snapshot, Duration patience) {
  constexpr std::chrono::microseconds kLook{500};
  Mutex mutex;  // guards busy
  std::vector<std::weak_ptr<const pipeline::Pipeline>> busy;
  on_every_core([&](Worker& worker) {
    auto superseded = worker.retire(*snapshot);
    const MutexLock lock(mutex);
    std::ranges::move(superseded, std::back_inserter(busy));
  });
  const TimePoint end = Clock::now() + patience;
  while (true) {
    std::erase_if(busy, [](const auto& pipeline) { return pipeline.expired(); });
    if (busy.empty() || Clock::now() >= end) return busy.empty();
    std::this_thread::sleep_for(kLook);
  }
}

void Workers::adopt(Handed handed) {
  Worker* worker = workers_[next_++ % workers_.size()].get();
  worker->core().loop.post([worker, handed = std::move(handed)]() mutable {
    auto stream = net::make_handed_stream(worker->core().loop, std::move(handed.descriptor),
                                          std::move(handed.peer), handed.secure);
    auto shown = Admission::parse(handed.admission).value_or(Admission{.secure = handed.secure});
    if (stream) worker->adopt(handed.server, std::move(stream), std::move(shown));
  });
}

std::size_t Workers::wait_for_connections(Duration patience) {
  constexpr std::chrono::milliseconds kLook{10};
  const TimePoint end = Clock::now() + patience;
  std::size_t left = connection_count();
  while (left > 0 && Clock::now() < end) {
    std::this_thread::sleep_for(kLook);
    left = connection_count();
  }
  return left;
}

void Workers::stop_accepting() {
  on_every_core([](Worker& worker) { worker.drain(); });
}

std::size_t Workers::drain(Duration patience) {
  stop_accepting();
  const std::size_t left = wait_for_connections(patience);
  if (left > 0) on_every_core([](Worker& worker) { worker.close_all(); });
  return left;
}

}  // namespace sluice::server
