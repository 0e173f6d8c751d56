// SPDX-License-Identifier: Apache-2.0
// The access log: one line per request, batched. A core formats lines into its own buffer and hands
// full buffers to the writer thread through a slot that never blocks. While the disk is slow, the
// core buffers up to a bound, then drops lines and counts them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/log_socket.h"
#include "observe/access_format.h"

namespace sluice::observe {

class AccessLog {
 public:
  // The lines of servers without a format of their own.
  enum class Lines { text, json };
  // Writes to `file`, or to standard output if it is empty.
  AccessLog(const std::string& file, unsigned core_count, Logger logger, Lines lines = Lines::text);
  // Sends each line to the machine's log daemon. Lines that the daemon does not take are dropped.
  AccessLog(LogSocket socket, unsigned core_count, Logger logger, Lines lines = Lines::text);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // On the core's thread. Appends the line to the core's buffer; drops it once the buffer is full.
  void write(unsigned core, const AccessFormat& format, const AccessEntry& entry);
  // Whether a line of a server with `format` has the host of the request.
  [[nodiscard]] bool has_host(const AccessFormat& format) const;
  // Whether a line of a server with `format` has the id of the trace, which is made for it.
  [[nodiscard]] bool has_trace_id(const AccessFormat& format) const;
  // On the core's thread, periodically (every second): hands over the buffered lines.
  void flush(unsigned core);
  // Any thread: asks the writer thread to reopen the file, after a rotation has moved it.
  void reopen();
  // Any thread: the lines dropped since the start, on all cores.
  [[nodiscard]] std::uint64_t dropped_lines() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::observe
