// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>

#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <utility>

#include "base/json_string.h"
#include "base/line_file.h"
#include "base/log_socket.h"
#include "base/printable.h"
#include "base/time.h"

namespace sluice {
namespace {

constexpr std::size_t kQueueLines = 8192;

std::string_view level_name(spdlog::level::level_enum level) {
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

LogSeverity severity_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return LogSeverity::debug;
    case spdlog::level::warn:
      return LogSeverity::warning;
    case spdlog::level::err:
      return LogSeverity::error;
    default:
      return LogSeverity::info;
  }
}

std::string_view text_of(const spdlog::details::log_msg& message) {
  return {message.payload.data(), message.payload.size()};
}

std::string json_line(const spdlog::details::log_msg& message) {
  std::string line = R"({"time":")" + format_rfc3339_ms(message.time) + R"(","level":")";
  line.append(level_name(message.level)).append(R"(","message":)");
  append_json_string(text_of(message), line);
  return line + "}";
}

std::string text_line(const spdlog::details::log_msg& message) {
  std::string line = format_rfc3339_ms(message.time) + "\t";
  return line.append(level_name(message.level)).append("\t").append(text_of(message));
}

class Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Sink(LogFormat format) : format_(format) {}
  virtual void reopen() {}

 protected:
  [[nodiscard]] std::string line_of(const spdlog::details::log_msg& message) const {
    return (format_ == LogFormat::json ? json_line(message) : text_line(message)) + "\n";
  }
  const LogFormat format_;
};

// A file that can be reopened while lines are written. An empty name means standard error.
class FileSink final : public Sink {
 public:
  FileSink(std::string path, LogFormat format)
      : Sink(format), file_(std::move(path), STDERR_FILENO) {}

  void reopen() override {
    const std::scoped_lock lock(mutex_);
    (void)file_.reopen();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (lost_ > 0) tell_loss(message);
    lost_ += file_.append(line_of(message));
  }
  void flush_() override {}
  // Once the log can be written again, before `message`.
  void tell_loss(spdlog::details::log_msg message) {
    const std::string text =
        std::to_string(lost_) + " lines are lost: this log could not be written";
    message.level = spdlog::level::warn;
    message.payload = text;
    if (file_.append(line_of(message)) == 0) lost_ = 0;
  }

  LineFile file_;
  std::size_t lost_ = 0;  // lines, since the last one that was written
};

class SocketSink final : public Sink {
 public:
  SocketSink(LogSocket socket, LogFormat format) : Sink(format), socket_(std::move(socket)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const bool json = format_ == LogFormat::json;
    const std::string text = json ? json_line(message) : std::string(text_of(message));
    if (socket_.send(severity_of(message.level), text, message.time)) return;
    const std::string line = line_of(message);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override {}

  LogSocket socket_;
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
  State(std::shared_ptr<Sink> place, bool debug)
      : sink(std::move(place)),
        pool(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1)),
        logger(std::make_shared<spdlog::async_logger>(
            "sluice", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(debug ? spdlog::level::debug : spdlog::level::info);
    logger->flush_on(spdlog::level::debug);
  }

  std::shared_ptr<Sink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Logger Logger::open(const std::string& file, bool debug, LogFormat format) {
  return Logger(std::make_shared<State>(std::make_shared<FileSink>(file, format), debug));
}

Logger Logger::open(LogSocket socket, LogFormat format, bool debug) {
  return Logger(
      std::make_shared<State>(std::make_shared<SocketSink>(std::move(socket), format), debug));
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
