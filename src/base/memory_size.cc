// SPDX-License-Identifier: Apache-2.0
#include "base/memory_size.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <ranges>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace sluice {
namespace {

// The memory that is assumed if the limit cannot be read.
constexpr std::uint64_t kAssumedBytes = std::uint64_t{2} << 30;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 63;

constexpr std::array<std::pair<char, unsigned>, 4> kSizeUnits{
    {{'K', 10U}, {'M', 20U}, {'G', 30U}, {'T', 40U}}};

// Returns the shift of a unit; nullopt if `unit` is unknown.
std::optional<unsigned> shift_of(std::string_view unit) {
  if (unit.empty() || unit == "B") return 0;
  const auto found =
      std::ranges::find(kSizeUnits, unit.front() & ~0x20, &decltype(kSizeUnits)::value_type::first);
  const std::string_view rest = unit.substr(1);
  if (found == kSizeUnits.end() || (!rest.empty() && rest != "B" && rest != "iB" && rest != "i"))
    return std::nullopt;
  return found->second;
}

// Returns "" if the file cannot be read.
std::string kernel_file(const std::string& path) {
  constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
  return read_file(path, kFileBytesMax).value_or("");
}

// Returns nullopt if the file has no number, as "max".
std::optional<std::uint64_t> number_in(const std::string& path) {
  return to_number<std::uint64_t>(trim_space(kernel_file(path)));
}

std::uint64_t machine_memory(const std::string& root) {
  const std::string text = kernel_file(root + "/proc/meminfo");
  for (std::string_view rest = text; !rest.empty();) {  // "MemTotal:       16316412 kB"
    std::string_view line = take_until(rest, '\n');
    if (take_until(line, ':') != "MemTotal") continue;
    line = trim_ows(line);
    const auto kilobytes = to_number<std::uint64_t>(take_until(line, ' '));
    return kilobytes ? *kilobytes << 10 : kAssumedBytes;
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
  for (const auto& [letter, shift] : std::views::reverse(kSizeUnits)) {
    const std::uint64_t one = std::uint64_t{1} << shift;
    if (bytes < one) continue;
    std::array<char, 32> text{};
    const bool whole = bytes % one == 0;
    std::snprintf(text.data(), text.size(), whole ? "%.0f %ciB" : "%.1f %ciB",
                  static_cast<double>(bytes) / static_cast<double>(one), letter);
    return text.data();
  }
  return std::to_string(bytes) + " B";
}

std::uint64_t available_memory(const std::string& root) {
  std::uint64_t least = machine_memory(root);
  const std::string groups = kernel_file(root + "/proc/self/cgroup");
  for (std::string_view rest = groups; !rest.empty();) {  // "4:memory:/a/b", "0::/a/b"
    std::string_view line = take_until(rest, '\n');
    if (std::ranges::count(line, ':') < 2) continue;
    (void)take_until(line, ':');
    const std::string_view controllers = take_until(line, ':');
    std::string path(line);
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
