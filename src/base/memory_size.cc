// SPDX-License-Identifier: Apache-2.0
#include "base/memory_size.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <limits>
#include <utility>

namespace sluice {
namespace {

// The memory that is assumed if the limit cannot be read.
constexpr std::uint64_t kAssumedBytes = std::uint64_t{2} << 30;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 63;

constexpr std::array<std::pair<char, unsigned>, 4> kUnits{
    {{'K', 10U}, {'M', 20U}, {'G', 30U}, {'T', 40U}}};

// Returns the shift of a unit; nullopt if `unit` is unknown.
std::optional<unsigned> shift_of(std::string_view unit) {
  if (unit.empty() || unit == "B") return 0;
  const auto found =
      std::ranges::find(kUnits, unit.front() & ~0x20, &decltype(kUnits)::value_type::first);
  const std::string_view rest = unit.substr(1);
  if (found == kUnits.end() || (!rest.empty() && rest != "B" && rest != "iB" && rest != "i"))
    return std::nullopt;
  return found->second;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;  // includes "max"
  return number;
}

std::uint64_t machine_memory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string name;
  std::string unit;
  std::uint64_t kilobytes = 0;
  while (file >> name >> kilobytes) {
    if (name == "MemTotal:") return kilobytes << 10;
    std::getline(file, unit);
  }
  return kAssumedBytes;
}

// Returns the least limit of the group at `path` below `mount` and its ancestors.
std::uint64_t least_limit(const std::string& mount, std::string path, const char* file) {
  std::uint64_t least = kBytesMax;
  while (true) {
    least = std::min(least, number_in(mount + path + "/" + file).value_or(kBytesMax));
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return least;
    path.resize(slash);
  }
}

}  // namespace

std::optional<std::uint64_t> parse_memory_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto shift = shift_of(text);
  if (!shift || number > kBytesMax >> *shift) return std::nullopt;
  return number << *shift;
}

std::string format_memory_size(std::uint64_t bytes) {
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    const std::uint64_t one = std::uint64_t{1} << unit->second;
    if (bytes < one) continue;
    std::array<char, 32> text{};
    const bool whole = bytes % one == 0;
    std::snprintf(text.data(), text.size(), whole ? "%.0f %ciB" : "%.1f %ciB",
                  static_cast<double>(bytes) / static_cast<double>(one), unit->first);
    return text.data();
  }
  return std::to_string(bytes) + " B";
}

std::uint64_t available_memory(const std::string& root) {
  std::uint64_t least = machine_memory(root);
  std::ifstream groups(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {  // "4:memory:/a/b", "0::/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (controllers.empty())
      least = std::min(least, least_limit(root + "/sys/fs/cgroup", path, "memory.max"));
    if (controllers == "memory")
      least = std::min(least,
                       least_limit(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
  }
  return least;
}

}  // namespace sluice
