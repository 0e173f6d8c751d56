// SPDX-License-Identifier: Apache-2.0
#include "observe/process_figures.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::observe {
namespace {

double value_of(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessFigures, AreThoseOfThisProcess) {
  Exposition out;
  expose_process(out);
  const std::string text = out.text();
  for (const MetricFamily& family : process_metric_families())
    EXPECT_GE(value_of(text, std::string(family.name)), 0) << family.name << "\n" << text;
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(value_of(text, "process_virtual_memory_bytes"),
            value_of(text, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(text, "process_threads"), 1);
  EXPECT_GE(value_of(text, "process_open_fds"), 3);
  EXPECT_LT(value_of(text, "process_open_fds"), value_of(text, "process_max_fds"));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const double start = value_of(text, "process_start_time_seconds");
  EXPECT_LE(start, std::chrono::duration<double>(now).count() + 2);
  EXPECT_GE(start, std::chrono::duration<double>(now).count() - 3600);
}

}  // namespace
}  // namespace sluice::observe
