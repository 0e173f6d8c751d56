// SPDX-License-Identifier: Apache-2.0
#include "observe/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <vector>

#include "base/descriptor.h"

namespace sluice::observe {
namespace {

double value_of(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessFigures, AreThoseOfThisProcess) {
  Exposition out;
  ProcessFigures().expose(out);
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

TEST(ProcessFigures, TellOfAProcessWithoutAFreeDescriptor) {
  const ProcessFigures figures;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<Descriptor> taken;
  const auto take = [] { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); };
  for (Descriptor one = take(); one.is_open(); one = take()) taken.push_back(std::move(one));
  const auto exposed = [&figures] {
    Exposition out;
    figures.expose(out);
    return out.text();
  };
  const std::string full = exposed();
  taken.pop_back();
  const std::string one_free = exposed();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (const MetricFamily& family : process_metric_families())
    EXPECT_GE(value_of(full, std::string(family.name)), 0) << family.name << "\n" << full;
  EXPECT_GE(value_of(full, "process_open_fds"), 64) << "some numbers may be above the limit";
  EXPECT_EQ(value_of(full, "process_max_fds"), 64);
  EXPECT_EQ(value_of(one_free, "process_open_fds"), value_of(full, "process_open_fds") - 1);
}

}  // namespace
}  // namespace sluice::observe
