// SPDX-License-Identifier: Apache-2.0
#include "admin/line_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::admin {

std::shared_ptr<LineEvents> LineEvents::wanted_by(const Request& request) {
  if (request.wants(kServerSentType)) return std::make_shared<LineEvents>(Format::server_sent);
  if (request.wants(kJsonLinesType)) return std::make_shared<LineEvents>(Format::json_lines);
  return nullptr;
}

std::string_view LineEvents::content_type() const {
  return format_ == Format::server_sent ? kServerSentType : kJsonLinesType;
}

void LineEvents::append(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = std::min(end, text.size());
    const std::size_t taken = std::min(size, kLineBytesMax - begun_.size());
    begun_ += text.substr(0, taken);
    text.remove_prefix(taken);
    if (taken == size && end == std::string_view::npos) return;
    if (taken == size) text.remove_prefix(1);
    append_line(begun_, out);
    begun_.clear();
  }
}

void LineEvents::append_line(std::string_view line, std::string& out) const {
  if (format_ == Format::json_lines) {
    out += dump({{"line", line}}) + "\n";
    return;
  }
  // A carriage return would end the field.
  std::string data(line);
  std::ranges::replace(data, '\r', ' ');
  out += "data: " + data + "\n\n";
}

}  // namespace sluice::admin
