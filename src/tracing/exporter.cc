// SPDX-License-Identifier: Apache-2.0
#include "tracing/exporter.h"

#include <algorithm>
#include <utility>

#include "tracing/endpoint_url.h"

namespace sluice::tracing {

// What belongs to the loop of the exporters.
struct Exporter::Work {
  explicit Work(loop::EventLoop& loop) : core{loop, 0, 1}, news(loop) {}

  const loop::Core core;
  loop::Event news;  // a full batch, room at a collector, or the end
  std::vector<std::unique_ptr<Collector>> collectors;
  std::vector<Task<void>> tasks;  // of the collectors
  bool ending = false;
  TimePoint last = TimePoint::max();
};

ExportThread::~ExportThread() {
  std::unique_ptr<loop::LoopThread> thread;
  std::vector<std::shared_ptr<Exporter>> late;
  {
    const TimePoint end = Clock::now() + kLastExport;
    const MutexLock lock(mutex_);
    while (!running_.empty() && none_left_.wait_until(mutex_, end)) {
    }
    thread = std::move(thread_);
    late = running_;
  }
  if (!thread) return;
  thread->run([&late] {
    for (const auto& exporter : late) exporter->work_.reset();
  });
}

void ExportThread::begin(const std::shared_ptr<Exporter>& exporter) {
  const MutexLock lock(mutex_);
  if (std::ranges::find(running_, exporter) != running_.end()) return;
  if (!thread_) thread_ = std::make_unique<loop::LoopThread>();
  running_.push_back(exporter);
  exporter->thread_ = this;
  loop::EventLoop& loop = thread_->loop();
  exporter->loop_.store(&loop);
  loop.post([exporter, &loop] { loop.spawn(exporter->run()); });
}

void ExportThread::ended(const Exporter& exporter) {
  const MutexLock lock(mutex_);
  std::erase_if(running_, [&](const auto& each) { return each.get() == &exporter; });
  none_left_.notify_all();
}

Exporter::Exporter(const Settings& settings, std::shared_ptr<const Queues> queues, Logger logger)
    : settings_(settings), queues_(std::move(queues)), logger_(std::move(logger)) {
  for (const Endpoint& endpoint : settings_.endpoints)
    counts_.push_back(std::make_shared<CollectorCounts>(shown_url(endpoint.url)));
}

Exporter::~Exporter() = default;

void Exporter::start(ExportThread& thread) { thread.begin(shared_from_this()); }

void Exporter::end() {
  loop::EventLoop* loop = loop_.load();
  if (loop == nullptr) return;
  loop->post([self = shared_from_this()] {
    if (!self->work_) return;
    self->work_->ending = true;
    Duration longest{};
    for (const Endpoint& endpoint : self->settings_.endpoints)
      longest = std::max(longest, endpoint.timeout);
    self->work_->last = Clock::now() + longest;
    for (const auto& collector : self->work_->collectors) collector->hurry();
    self->work_->news.notify();
  });
}

void Exporter::wake() {
  loop::EventLoop* loop = loop_.load(std::memory_order_relaxed);
  if (loop == nullptr || awake_.load(std::memory_order_relaxed) || awake_.exchange(true)) return;
  loop->post([self = shared_from_this()] {
    if (self->work_) self->work_->news.notify();
  });
}

std::vector<CollectorFigures> Exporter::figures() const {
  std::vector<CollectorFigures> list;
  for (const auto& counts : counts_) list.push_back(counts->figures());
  return list;
}

std::size_t Exporter::held() const {
  std::size_t spans = 0;
  for (const auto& queue : *queues_) spans += queue->spans();
  return spans;
}

// Takes from the queues in turn. Null: they are empty.
std::shared_ptr<Batch> Exporter::collect() {
  auto batch = std::make_shared<Batch>();
  bool more = true;
  while (more && batch->spans < settings_.batch.batch_spans) {
    more = false;
    for (const auto& queue : *queues_) {
      auto trace = queue->pop();
      if (!trace) continue;
      more = true;
      batch->spans += trace->spans().size();
      batch->traces.push_back(std::move(trace));
    }
  }
  return batch->traces.empty() ? nullptr : batch;
}

// A collector without room misses a batch that another one takes. If none has room, the queues
// wait, and drop what is beyond their bound.
void Exporter::move_on() {
  const auto has_room = [](const auto& collector) { return collector->has_room(); };
  while (std::ranges::any_of(work_->collectors, has_room)) {
    const std::shared_ptr<const Batch> batch = collect();
    if (!batch) return;
    for (const auto& collector : work_->collectors) collector->take(batch);
  }
}

Task<void> Exporter::run() {
  const auto self = shared_from_this();
  work_ = std::make_unique<Work>(*loop_.load());
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
    work_->collectors.push_back(
        std::make_unique<Collector>(work_->core, settings_, settings_.endpoints[i], counts_[i],
                                    logger_, [this] { work_->news.notify(); }));
    work_->tasks.push_back(work_->collectors.back()->run());
    work_->tasks.back().start();
  }
  TimePoint due = Clock::now() + settings_.batch.delay;
  while (true) {
    co_await work_->news.wait(std::min(due, work_->last));
    awake_.store(false);
    const TimePoint now = Clock::now();
    if (held() >= settings_.batch.batch_spans || now >= due || work_->ending) {
      move_on();
      due = now + settings_.batch.delay;
    }
    const auto idle = [](const auto& collector) { return collector->idle(); };
    const bool done = held() == 0 && std::ranges::all_of(work_->collectors, idle);
    if (work_->ending && (done || now >= work_->last)) break;
  }
  work_.reset();
  thread_->ended(*this);
}

}  // namespace sluice::tracing
