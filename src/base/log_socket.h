// SPDX-License-Identifier: Apache-2.0
// LogSocket sends lines to the machine's log daemon: syslog (RFC 3164 as local daemons read it) or
// journald (its native protocol), one datagram a line. A daemon that has begun again is connected
// to again. One thread at a time; send() waits, so never on an event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice {

enum class LogDaemon : std::uint8_t { syslog, journald };

// Severities of syslog, which are the priorities of journald.
enum class LogSeverity : std::uint8_t { error = 3, warning = 4, info = 6, debug = 7 };

class LogSocket {
 public:
  // The socket on which the daemon listens by custom.
  [[nodiscard]] static std::string default_path(LogDaemon daemon);
  // `name` stands before each line, as the program's. Error: `path` and why it is not reached.
  [[nodiscard]] static Result<LogSocket> connect(LogDaemon daemon, std::string path,
                                                 std::string name);

  // Sends one line; `text` has no line feed and is cut at kTextMax octets. Waits at most kSendMax
  // for a daemon that does not read; lines of the next kPause are then lost without a wait. Returns
  // false if the line is lost.
  [[nodiscard]] bool send(LogSeverity severity, std::string_view text,
                          std::chrono::system_clock::time_point when);

  static constexpr std::size_t kTextMax = std::size_t{64} << 10;
  static constexpr std::chrono::milliseconds kSendMax{500};
  static constexpr std::chrono::milliseconds kPause{1000};

 private:
  LogSocket(LogDaemon daemon, std::string path, std::string name)
      : daemon_(daemon), path_(std::move(path)), name_(std::move(name)) {}
  Result<void> open();
  [[nodiscard]] std::string datagram(LogSeverity severity, std::string_view text,
                                     std::chrono::system_clock::time_point when) const;

  LogDaemon daemon_;
  std::string path_;
  std::string name_;
  Descriptor socket_;
  TimePoint lost_until_;
};

}  // namespace sluice
