// SPDX-License-Identifier: Apache-2.0
#include "server/worker.h"

#include <utility>

namespace sluice::server {
namespace {

constexpr std::size_t kTrimConnectionsMin = 500;
constexpr std::chrono::seconds kTrimPause{10};
// Trim when the memory held for requests has fallen by this much since the last trim.
constexpr std::size_t kTrimBytesMin = std::size_t{8} << 20;
constexpr std::chrono::seconds kTrimBytesPause{2};

}  // namespace

Worker::Worker(unsigned index, unsigned count, observe::AccessLog* access_log, Logger logger,
               Trimmer& trimmer, MemoryBudget& memory)
    : core_{loop_, index, count},
      on_core_(loop_),
      context_(core_, access_log, std::move(logger)),
      trimmer_(trimmer) {
  loop_.memory().join(memory, index);
}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = std::thread([this] {
    loop_.spawn(tick());
    loop_.run();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

// Runs once a second: updates the date, flushes the access log's batch, and lets idle connections
// rest.
Task<void> Worker::tick() {
  while (true) {
    context_.update_date();
    if (context_.access_log() != nullptr) context_.access_log()->flush(core_.index);
    std::size_t given_back = 0;
    for (const auto& [name, server] : servers_) given_back += server->tick();
    note_given_back(given_back);
    note_bytes_given_back();
    co_await loop_.sleep_for(std::chrono::seconds(1));
  }
}

// Trims after a wave of connections has ended, and not too often: other allocations wait during a
// trim.
void Worker::note_given_back(std::size_t connections) {
  given_back_ += connections;
  if (given_back_ < kTrimConnectionsMin || connections * 4 > given_back_ ||
      Clock::now() < trim_after_)
    return;
  given_back_ = 0;
  trim_after_ = Clock::now() + kTrimPause;
  trimmer_.ask();
}

// Trims also after few connections, since they can have held as much memory as a wave of them.
void Worker::note_bytes_given_back() {
  MemoryAccount& memory = loop_.memory();
  if (memory.peak() - memory.held() < kTrimBytesMin || Clock::now() < trim_bytes_after_) return;
  memory.reset_peak();
  trim_bytes_after_ = Clock::now() + kTrimBytesPause;
  trimmer_.ask();
}

void Worker::install(const Snapshot& snapshot,
                     std::map<std::string, std::vector<net::Listener>> listeners) {
  on_core_.here();
  const CoreContext::Pipelines& all_running = context_.pipelines();
  CoreContext::Pipelines pipelines;
  for (const auto& [name, prototype] : snapshot.pipelines) {
    const auto running = all_running.find(name);
    if (running != all_running.end() && &running->second->prototype() == prototype.get()) {
      pipelines.emplace(name, running->second);
    } else {
      pipelines.emplace(name, std::make_shared<pipeline::Pipeline>(prototype, core_));
    }
  }
  std::erase_if(superseded_, [](const auto& pipeline) { return pipeline.expired(); });
  for (const auto& [name, running] : all_running) {
    const auto stays = pipelines.find(name);
    if (stays != pipelines.end() && stays->second == running) continue;
    if (running->prototype().has_shared_data()) superseded_.emplace_back(running);
  }
  context_.install(std::move(pipelines), snapshot.absent);
  context_.install(snapshot.global_filters);
  context_.install(snapshot.custom_data);

  std::erase_if(leaving_, [](const auto& server) { return server.expired(); });
  std::erase_if(servers_, [&](const auto& entry) {
    if (snapshot.servers.contains(entry.first)) return false;
    entry.second->drain();
    leaving_.push_back(entry.second);
    return true;
  });
  for (const auto& [name, prototype] : snapshot.servers) {
    auto& server = servers_[name];
    if (server) {
      server->update(prototype);
    } else {
      server = std::make_shared<CoreServer>(context_, prototype);
    }
  }
  for (auto& [name, sockets] : listeners) {
    if (const auto server = servers_.find(name); server != servers_.end())
      server->second->listen(std::move(sockets));
  }
}

std::vector<std::weak_ptr<const pipeline::Pipeline>> Worker::retire(const Snapshot& snapshot) {
  install(snapshot, {});
  for (const auto& [name, server] : servers_) server->retire();
  return superseded_;
}

void Worker::adopt(std::string_view name, std::unique_ptr<net::Stream> stream, Admission shown) {
  on_core_.here();
  const auto server = servers_.find(name);
  if (server != servers_.end()) server->second->adopt(std::move(stream), std::move(shown));
}

void Worker::drain() {
  on_core_.here();
  for (const auto& [name, server] : servers_) server->drain();
}

void Worker::close_all() {
  on_core_.here();
  for (const auto& [name, server] : servers_) server->close_all();
  for (const auto& leaving : leaving_) {
    if (const auto server = leaving.lock()) server->close_all();
  }
}

std::size_t Worker::connection_count() const {
  on_core_.here();
  std::size_t count = 0;
  for (const auto& [name, server] : servers_) count += server->connection_count();
  for (const auto& leaving : leaving_) {
    if (const auto server = leaving.lock()) count += server->connection_count();
  }
  return count;
}

}  // namespace sluice::server
