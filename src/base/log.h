// SPDX-License-Identifier: Apache-2.0
// The process log. A Logger is a cheap handle on a queue, which its own thread empties. So writing
// never waits for the disk; when the queue is full, the oldest lines are dropped. Any thread may
// call any function. main() makes one and passes it on.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace sluice {

class LogSocket;

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

class Logger {
 public:
  // A logger that drops everything: for tests.
  Logger() = default;
  // Writes to `file` (created; appended to), or to standard error if it is empty or cannot be
  // opened.
  // `debug` sets the first level. Lines: RFC 3339 time, tab, LEVEL, tab, text; with LogFormat::json
  // {"time":"…","level":"INFO","message":"…"}.
  static Logger open(const std::string& file, bool debug, LogFormat format = LogFormat::text);
  // Sends to the machine's log daemon, which has time and level of its own; with LogFormat::json
  // the line is the object above. A line that the daemon does not take goes to standard error.
  static Logger open(LogSocket socket, LogFormat format, bool debug);

  void debug(std::string_view text) const { write(LogLevel::debug, text); }
  void info(std::string_view text) const { write(LogLevel::info, text); }
  void warn(std::string_view text) const { write(LogLevel::warn, text); }
  void error(std::string_view text) const { write(LogLevel::error, text); }
  // Writes one line; `text` is escaped by append_printable().
  void write(LogLevel level, std::string_view text) const;

  // Drops lines below `level`, for all handles of this log.
  void set_level(LogLevel level) const;
  [[nodiscard]] LogLevel level() const;
  // True if a line of that level is written: ask before you build a costly text.
  [[nodiscard]] bool enabled(LogLevel level) const;
  // Reopens the file (after a rotation has moved it). On failure, continues with the old one.
  // A log daemon is connected to again by itself.
  void reopen() const;
  // Asks the log's thread to flush the lines written before. Does not wait for it.
  void flush() const;

 private:
  struct State;
  explicit Logger(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

// "debug", "info", "warn", "error".
[[nodiscard]] std::string_view to_string(LogLevel level);

}  // namespace sluice
