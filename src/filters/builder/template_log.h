// SPDX-License-Identifier: Apache-2.0
// TemplateLog: the function `log` of templates. Core-bound.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "templates/function.h"

namespace sluice::filters {

class TemplateLog final : public templates::Host {
 public:
  static constexpr int kLinesPerSecond = 10;          // of a filter on a core; more are dropped
  static constexpr std::size_t kTextBytesMax = 1024;  // of a line

  TemplateLog(Logger logger, std::string name)
      : logger_(std::move(logger)), name_(std::move(name)) {}
  void log(std::string_view level, std::string_view text) override;

 private:
  Logger logger_;
  std::string name_;  // "pipeline/filter"
  TimePoint second_{};
  int lines_ = 0;
};

}  // namespace sluice::filters
