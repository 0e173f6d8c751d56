// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdio>
#include <mutex>

#include "base/printable.h"
#include "base/time.h"

namespace sluice {
namespace {

constexpr std::size_t kQueueLines = 8192;

// A file that can be reopened while lines are written. An empty name means standard error.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) { open(); }
  ~FileSink() override { close(); }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void reopen() {
    const std::scoped_lock lock(mutex_);
    open();
  }

 private:
  void open() {
    if (path_.empty()) return;
    if (std::FILE* fresh = std::fopen(path_.c_str(), "ae")) {
      close();
      file_ = fresh;
    }
  }
  void close() {
    if (file_ != nullptr && file_ != stderr) std::fclose(file_);
  }
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string line = format_rfc3339_ms(message.time) + "\t" + level_name(message.level) +
                             "\t" + std::string(message.payload.data(), message.payload.size()) +
                             "\n";
    std::fwrite(line.data(), 1, line.size(), file_);
  }
  void flush_() override { std::fflush(file_); }
  static const char* level_name(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return "DEBUG";
      case spdlog::level::warn:
        return "WARN";
      case spdlog::level::err:
        return "ERROR";
      default:
        return "INFO";
    }
  }

  std::string path_;
  std::FILE* file_ = stderr;
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::info:
      break;
  }
  return spdlog::level::info;
}

}  // namespace

struct Logger::State {
  std::shared_ptr<FileSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Logger Logger::open(const std::string& file, bool debug) {
  Logger result;
  result.state_ = std::make_shared<State>();
  State& state = *result.state_;
  state.sink = std::make_shared<FileSink>(file);
  state.pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  state.logger = std::make_shared<spdlog::async_logger>(
      "sluice", state.sink, state.pool, spdlog::async_overflow_policy::overrun_oldest);
  state.logger->set_level(debug ? spdlog::level::debug : spdlog::level::info);
  state.logger->flush_on(spdlog::level::debug);
  return result;
}

void Logger::write(LogLevel level, std::string_view text) const {
  if (!enabled(level)) return;
  const std::string line = printable(text);
  state_->logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void Logger::set_level(LogLevel level) const {
  if (state_) state_->logger->set_level(to_spdlog(level));
}

LogLevel Logger::level() const {
  if (!state_) return LogLevel::error;
  switch (state_->logger->level()) {
    case spdlog::level::debug:
      return LogLevel::debug;
    case spdlog::level::warn:
      return LogLevel::warn;
    case spdlog::level::err:
      return LogLevel::error;
    default:
      return LogLevel::info;
  }
}

bool Logger::enabled(LogLevel level) const {
  return state_ && state_->logger->should_log(to_spdlog(level));
}

void Logger::reopen() const {
  if (state_) state_->sink->reopen();
}

void Logger::flush() const {
  if (state_) state_->logger->flush();
}

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::info:
      break;
  }
  return "info";
}

}  // namespace sluice
