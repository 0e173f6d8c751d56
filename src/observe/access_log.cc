// SPDX-License-Identifier: Apache-2.0
#include "observe/access_log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/line_file.h"

namespace sluice::observe {
namespace {

constexpr std::size_t kBatchBytes = 128 * 1024;  // a batch of this size is handed over
constexpr std::size_t kLineBytes =
    16 * 1024;  // room for the last line of a batch, but for odd ones
constexpr std::size_t kBufferBytesMax = 8 * 1024 * 1024;  // per core; above it lines are dropped

}  // namespace

struct AccessLog::State {
  struct alignas(64) Core {
    std::string buffer;                       // the core's own
    AccessFormat::TimeCache time;             // the core's own
    std::atomic<std::string*> slot{nullptr};  // a full buffer on its way to the writer
    std::atomic<std::uint64_t> dropped{0};
    ~Core() { const std::unique_ptr<std::string> last(slot.load()); }
  };

  State(std::string path, std::optional<LogSocket> daemon, unsigned cores, Logger log)
      : file(std::move(path), STDOUT_FILENO),
        socket(std::move(daemon)),
        core_count(cores),
        per_core(std::make_unique<Core[]>(cores)),
        logger(std::move(log)) {
    if (file.error() != 0) tell_trouble(file.error());
  }
  void tell_trouble(int error) const {
    logger.error("the access log " + file.path() + " cannot be written, and lines are lost: " +
                 std::generic_category().message(error));
  }
  void begin(Lines lines);
  [[nodiscard]] const AccessFormat& format_of(const AccessFormat& of_server) const {
    return json && of_server.is_default() ? *json : of_server;
  }
  void offer(Core& core);
  void write_to_file(std::string_view batch);
  void put(std::string_view batch);
  void drain();
  void run(const std::stop_token& stop);

  LineFile file;                    // of the writer thread, after construction
  std::optional<LogSocket> socket;  // in place of the file
  unsigned core_count;
  std::unique_ptr<Core[]> per_core;
  Logger logger;
  std::optional<AccessFormat> json{};  // for the default format; none: text
  std::atomic<std::uint64_t> lost{0};  // lines that the file or the daemon did not take
  std::uint64_t lost_in_a_row = 0;     // of the file, since it took one
  std::atomic<bool> reopen_wanted{false};
  std::atomic<std::uint32_t> wakeups{0};
  std::jthread writer;
};

// The slot holds one batch. While the writer has not taken it, the core continues to fill its
// buffer.
void AccessLog::State::offer(Core& core) {
  if (core.buffer.empty() || core.slot.load(std::memory_order_relaxed) != nullptr) return;
  auto batch = std::make_unique<std::string>(std::move(core.buffer));
  core.buffer.clear();
  core.buffer.reserve(kBatchBytes + kLineBytes);
  core.slot.store(batch.release(), std::memory_order_release);
  wakeups.fetch_add(1, std::memory_order_release);
  wakeups.notify_one();
}

void AccessLog::State::write_to_file(std::string_view batch) {
  const std::size_t missed = file.append(batch);
  if (missed > 0) {
    if (lost_in_a_row == 0) tell_trouble(file.error());
    lost_in_a_row += missed;
    lost.fetch_add(missed, std::memory_order_relaxed);
  } else if (lost_in_a_row > 0) {
    logger.warn("the access log " + file.path() + " is written again: " +
                std::to_string(std::exchange(lost_in_a_row, 0)) + " lines are lost");
  }
}

void AccessLog::State::put(std::string_view batch) {
  if (!socket) {
    write_to_file(batch);
    return;
  }
  const auto now = std::chrono::system_clock::now();
  while (!batch.empty()) {
    const std::size_t end = std::min(batch.find('\n'), batch.size());
    if (!socket->send(LogSeverity::info, batch.substr(0, end), now))
      lost.fetch_add(1, std::memory_order_relaxed);
    batch.remove_prefix(std::min(end + 1, batch.size()));
  }
}

void AccessLog::State::drain() {
  if (reopen_wanted.exchange(false) && !file.reopen()) tell_trouble(errno);
  for (unsigned i = 0; i < core_count; ++i) {
    const std::unique_ptr<std::string> batch(
        per_core[i].slot.exchange(nullptr, std::memory_order_acquire));
    if (batch) put(*batch);
  }
}

void AccessLog::State::run(const std::stop_token& stop) {
  std::uint32_t seen = 0;
  while (!stop.stop_requested()) {
    wakeups.wait(seen, std::memory_order_acquire);
    seen = wakeups.load(std::memory_order_acquire);
    drain();
  }
}

void AccessLog::State::begin(Lines lines) {
  if (lines == Lines::json) json = AccessFormat::json_lines();
  writer = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

AccessLog::AccessLog(const std::string& file, unsigned core_count, Logger logger, Lines lines)
    : state_(std::make_unique<State>(file, std::nullopt, core_count, std::move(logger))) {
  state_->begin(lines);
}

AccessLog::AccessLog(LogSocket socket, unsigned core_count, Logger logger, Lines lines)
    : state_(std::make_unique<State>("", std::move(socket), core_count, std::move(logger))) {
  state_->begin(lines);
}

AccessLog::~AccessLog() {
  state_->writer.request_stop();
  state_->wakeups.fetch_add(1);
  state_->wakeups.notify_one();
  state_->writer.join();
  state_->drain();
  for (unsigned i = 0; i < state_->core_count; ++i) {
    state_->put(state_->per_core[i].buffer);
  }
}

bool AccessLog::has_host(const AccessFormat& format) const {
  return state_->format_of(format).has_host();
}

bool AccessLog::has_trace_id(const AccessFormat& format) const {
  return state_->format_of(format).has_trace_id();
}

void AccessLog::write(unsigned core, const AccessFormat& format, const AccessEntry& entry) {
  State::Core& mine = state_->per_core[core];
  if (mine.buffer.size() > kBufferBytesMax) {
    mine.dropped.fetch_add(1, std::memory_order_relaxed);
    state_->offer(mine);
    return;
  }
  state_->format_of(format).append(mine.buffer, entry, mine.time);
  if (mine.buffer.size() >= kBatchBytes) state_->offer(mine);
}

void AccessLog::flush(unsigned core) { state_->offer(state_->per_core[core]); }

void AccessLog::reopen() {
  state_->reopen_wanted.store(true);
  state_->wakeups.fetch_add(1);
  state_->wakeups.notify_one();
}

std::uint64_t AccessLog::dropped_lines() const {
  std::uint64_t total = state_->lost.load();
  for (unsigned i = 0; i < state_->core_count; ++i) total += state_->per_core[i].dropped.load();
  return total;
}

}  // namespace sluice::observe
