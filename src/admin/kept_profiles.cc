// SPDX-License-Identifier: Apache-2.0
#include "admin/kept_profiles.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace sluice::admin {
namespace {

// The first line of the file; the profile of the CPU follows.
constexpr const char* kCpuPath = "cpuPath";
constexpr const char* kMemoryPath = "memoryPath";

std::optional<std::string> path_at(const Json& head, const char* key) {
  const auto found = head.find(key);
  if (found == head.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

Result<void> KeptProfiles::write(const std::string& file) const {
  if (!cpu_path && !memory_path) {
    ::unlink(file.c_str());
    return {};
  }
  Json head = Json::object();
  if (cpu_path) head[kCpuPath] = *cpu_path;
  if (memory_path) head[kMemoryPath] = *memory_path;
  const std::string line = head.dump(-1, ' ', false, Json::error_handler_t::replace);
  return replace_file(file, line + "\n" + cpu, {.mode = 0600});
}

KeptProfiles KeptProfiles::read(const std::string& file) {
  KeptProfiles kept;
  auto text = read_file(file, kBytesMax);
  const std::size_t end = text ? text->find('\n') : std::string::npos;
  if (end == std::string::npos) return kept;
  const Json head =
      Json::parse(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
  if (!head.is_object()) return kept;
  kept.cpu_path = path_at(head, kCpuPath);
  kept.memory_path = path_at(head, kMemoryPath);
  kept.cpu = text->substr(end + 1);
  return kept;
}

}  // namespace sluice::admin
