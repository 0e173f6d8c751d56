// SPDX-License-Identifier: Apache-2.0
// LineEvents: text that grows, as one event for each line, in a format that programs read.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "admin/message.h"

namespace sluice::admin {

class LineEvents {
 public:
  enum class Format {
    server_sent,  // text/event-stream, as EventSource of browsers reads it
    json_lines,   // application/x-ndjson: {"line":"..."}
  };
  // A longer line becomes several events.
  static constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;

  explicit LineEvents(Format format) : format_(format) {}
  // Returns null if the request accepts neither format: it gets plain text.
  [[nodiscard]] static std::shared_ptr<LineEvents> wanted_by(const Request& request);
  [[nodiscard]] std::string_view content_type() const;

  // Appends an event for each line that is whole with `text`. The rest waits for the next call.
  void append(std::string_view text, std::string& out);

 private:
  void append_line(std::string_view line, std::string& out) const;

  const Format format_;
  std::string begun_;  // of a line
};

}  // namespace sluice::admin
