// SPDX-License-Identifier: Apache-2.0
#include "observe/process_figures.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "base/file.h"

namespace sluice::observe {
namespace {

// Indices of kSystemFamilies.
struct SystemFigure {
  enum Index : std::size_t { cpu, resident, virtual_memory, threads, start, open_files, max_files };
};
constexpr std::array kSystemFamilies{
    MetricFamily{"process_cpu_seconds_total", MetricType::counter,
                 "CPU time of the process, user and system.", "seconds"},
    MetricFamily{"process_resident_memory_bytes", MetricType::gauge, "Resident memory.", "bytes"},
    MetricFamily{"process_virtual_memory_bytes", MetricType::gauge, "Virtual memory.", "bytes"},
    MetricFamily{"process_threads", MetricType::gauge, "Threads."},
    MetricFamily{"process_start_time_seconds", MetricType::gauge,
                 "Start of the process, since 1970.", "seconds"},
    MetricFamily{"process_open_fds", MetricType::gauge, "Open descriptors."},
    MetricFamily{"process_max_fds", MetricType::gauge, "The limit of open descriptors."}};

constexpr std::size_t kLineBytesMax = 4096;                  // of /proc/self/stat
constexpr std::size_t kStatBytesMax = std::size_t{1} << 20;  // /proc/stat grows with the processors

// The fields of /proc/self/stat behind the name of the program, which may hold blanks (proc(5)).
struct Stat {
  double ticks = 0;
  double threads = 0;
  double start_ticks = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
};

// Each read from the start makes the line anew.
bool read_stat(int file, Stat& stat) {
  std::array<char, kLineBytesMax> bytes;
  const ssize_t size = ::pread(file, bytes.data(), bytes.size(), 0);
  const std::string_view line(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (line.rfind(')') == std::string_view::npos) return false;
  std::istringstream rest{std::string(line.substr(line.rfind(')') + 1))};
  std::array<std::string, 22> fields;
  for (std::string& field : fields) rest >> field;
  if (!rest) return false;
  const auto number = [&fields](std::size_t place) {  // as proc(5) numbers them
    return std::strtod(fields[place - 3].c_str(), nullptr);
  };
  stat = {number(14) + number(15), number(20), number(22), number(23), number(24)};
  return true;
}

double boot_time() {
  constexpr std::string_view kName = "\nbtime ";
  const auto text = read_file("/proc/stat", kStatBytesMax);
  const auto at = text ? text->find(kName) : std::string::npos;
  return at == std::string::npos ? 0 : std::strtod(text->c_str() + at + kName.size(), nullptr);
}

}  // namespace

MetricFamilies process_metric_families() { return kSystemFamilies; }

ProcessFigures::ProcessFigures()
    : stat_(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC)),
      boot_time_(boot_time()),
      open_files_(::opendir("/proc/self/fd")) {}

std::optional<std::size_t> ProcessFigures::count_files() const {
  const MutexLock lock(mutex_);
  if (open_files_ == nullptr) return std::nullopt;
  ::rewinddir(open_files_.get());
  std::size_t count = 0;
  errno = 0;
  while (const dirent* file = ::readdir(open_files_.get())) {
    if (file->d_name[0] != '.') ++count;
  }
  if (errno != 0) return std::nullopt;
  return count;
}

void ProcessFigures::expose_files(Exposition& out) const {
  if (const auto count = count_files())
    out.sample(kSystemFamilies[SystemFigure::open_files], {}, static_cast<double>(*count));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.sample(kSystemFamilies[SystemFigure::max_files], {}, static_cast<double>(limit.rlim_cur));
}

void ProcessFigures::expose(Exposition& out) const {
  expose_files(out);
  Stat stat;
  if (!read_stat(stat_.get(), stat)) return;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  out.sample(kSystemFamilies[SystemFigure::cpu], {}, stat.ticks / ticks_per_second);
  out.sample(kSystemFamilies[SystemFigure::resident], {}, stat.resident_pages * page_bytes);
  out.sample(kSystemFamilies[SystemFigure::virtual_memory], {}, stat.virtual_bytes);
  out.sample(kSystemFamilies[SystemFigure::threads], {}, stat.threads);
  if (boot_time_ > 0)
    out.sample(kSystemFamilies[SystemFigure::start], {},
               boot_time_ + stat.start_ticks / ticks_per_second);
}

}  // namespace sluice::observe
