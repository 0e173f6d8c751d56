// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/template_log.h"

namespace sluice::filters {
namespace {

LogLevel level_of(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warn;
  return name == "error" ? LogLevel::error : LogLevel::info;
}

}  // namespace

void TemplateLog::log(std::string_view level, std::string_view text) {
  const TimePoint now = Clock::now();
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    lines_ = 0;
  }
  if (lines_++ >= kLinesPerSecond) return;
  logger_.write(level_of(level), name_ + ": " + std::string(text.substr(0, kTextBytesMax)));
}

}  // namespace sluice::filters
