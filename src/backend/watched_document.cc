// SPDX-License-Identifier: Apache-2.0
#include "backend/watched_document.h"

#include <optional>
#include <utility>

#include "base/file.h"
#include "base/file_mark.h"
#include "base/mutex.h"
#include "loop/event.h"

namespace sluice::backend {
namespace {

struct FileReading {
  FileMark mark;
  std::optional<std::string> text;  // nullopt: the file is as it was
};

// The mark comes first: a change during the read is seen by the next one.
Result<FileReading> read_changed(const std::string& path, std::size_t bytes_max,
                                 const FileMark& before) {
  FileReading reading{FileMark::of(path), std::nullopt};
  if (reading.mark.shows_no_change_since(before)) return reading;
  SLUICE_TRY(reading.text, read_file(path, bytes_max));
  return reading;
}

}  // namespace

struct WatchedDocument::Run {
  Run(loop::EventLoop& loop, std::shared_ptr<loop::BlockingPool> its_pool,
      DocumentSource its_source, Take its_take, Logger its_logger)
      : core{loop, 0, 1},
        pool(std::move(its_pool)),
        source(std::move(its_source)),
        take(std::move(its_take)),
        logger(std::move(its_logger)),
        wake(loop) {
    status.taken_ms = source.taken_ms;
    if (source.service) client = std::make_unique<SideClient>(core, source.service);
  }

  Task<void> watch();
  // The text; nullopt: it is as it was.
  Task<Result<std::optional<std::string>>> read();
  Task<Result<std::optional<std::string>>> read_service();
  Task<Result<std::optional<std::string>>> read_its_file();
  void note(const std::string& error);

  const loop::Core core;
  const std::shared_ptr<loop::BlockingPool> pool;
  const DocumentSource source;
  const Take take;
  const Logger logger;
  std::unique_ptr<SideClient> client;
  std::optional<std::string> last;  // the text that was taken last
  FileMark mark;                    // of the file that was taken last
  FileMark read_mark;               // of the file that was read last
  loop::Event wake;
  std::atomic<Clock::rep> hurried{0};  // since the epoch of Clock
  mutable Mutex mutex;
  mutable Condition ended;
  Status status SLUICE_GUARDED_BY(mutex);
  bool first_ended SLUICE_GUARDED_BY(mutex) = false;
  Task<void> task;  // last: it uses the others
};

Task<Result<std::optional<std::string>>> WatchedDocument::Run::read() {
  return source.service ? read_service() : read_its_file();
}

Task<Result<std::optional<std::string>>> WatchedDocument::Run::read_service() {
  http::Request request;
  request.method = "GET";
  request.headers.add("Accept", "application/json, */*");
  auto call = client->call(std::move(request));
  auto response = co_await std::move(call);
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) {
    co_return fail(ErrorKind::unavailable,
                   "it answers with status " + std::to_string(response->status));
  }
  co_return std::string(response->body.bytes());
}

Task<Result<std::optional<std::string>>> WatchedDocument::Run::read_its_file() {
  auto work = pool->run(core.loop, [path = source.file, max = source.bytes_max, before = mark] {
    return read_changed(path, max, before);
  });
  auto reading = co_await std::move(work);
  if (!reading) co_return std::unexpected(std::move(reading).error());
  read_mark = reading->mark;
  co_return std::move(reading->text);
}

void WatchedDocument::Run::note(const std::string& error) {
  const std::int64_t now_ms = unix_time_ms();
  std::string before;
  {
    const MutexLock lock(mutex);
    before = std::exchange(status.error, error);
    if (error.empty()) status.taken_ms = now_ms;
    first_ended = true;
  }
  if (error.empty() && source.note_read) source.note_read(now_ms);
  ended.notify_all();
  if (error != before && !error.empty()) logger.warn(source.name + ": " + error);
  if (error.empty() && !before.empty()) logger.info(source.name + " can be read again");
}

Task<void> WatchedDocument::Run::watch() {
  while (true) {
    auto reading = read();
    auto text = co_await std::move(reading);
    std::string error = text ? "" : text.error().message;
    if (text && *text && **text != last) {
      const auto taken = take(**text);
      if (!taken) error = taken.error().message;
      if (taken) last = std::move(**text);
    }
    if (error.empty()) mark = read_mark;
    note(error);
    const Duration pause = error.empty() ? source.refresh : std::min(source.refresh, kHurryEvery);
    (void)co_await wake.wait(loop::EventLoop::now() + pause);
  }
}

WatchedDocument::WatchedDocument(std::shared_ptr<HealthThread> thread,
                                 std::shared_ptr<loop::BlockingPool> pool, DocumentSource source,
                                 Take take, Logger logger)
    : thread_(std::move(thread)),
      run_(std::make_shared<Run>(thread_->loop(), std::move(pool), std::move(source),
                                 std::move(take), std::move(logger))) {
  thread_->loop().post([run = run_] {
    run->task = run->watch();
    run->task.start();
  });
}

WatchedDocument::~WatchedDocument() {
  thread_->loop().post([run = std::move(run_)]() mutable { run.reset(); });
}

void WatchedDocument::hurry() {
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep last = run_->hurried.load(std::memory_order_relaxed);
  const auto due = std::chrono::duration_cast<Clock::duration>(kHurryEvery).count();
  if (last != 0 && now - last < due) return;
  if (!run_->hurried.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  thread_->loop().post([run = std::weak_ptr<Run>(run_)] {
    if (const auto alive = run.lock()) alive->wake.notify();
  });
}

bool WatchedDocument::wait_for_first(Duration patience) const {
  const TimePoint deadline = Clock::now() + patience;
  const MutexLock lock(run_->mutex);
  while (!run_->first_ended && run_->ended.wait_until(run_->mutex, deadline)) {
  }
  return run_->first_ended;
}

WatchedDocument::Status WatchedDocument::status() const {
  const MutexLock lock(run_->mutex);
  return run_->status;
}

}  // namespace sluice::backend
