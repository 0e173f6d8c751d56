// SPDX-License-Identifier: Apache-2.0
#include "wasm/module_cache.h"

#include <wasmtime.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"

namespace sluice::wasm {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kEntriesMax = 64;
constexpr std::size_t kHashSize = 64;
constexpr std::size_t kCompiledBytesMax = std::size_t{1} << 30;
constexpr std::string_view kSuffix = ".wasmtime-" WASMTIME_VERSION;

}  // namespace

ModuleCache::ModuleCache(std::string directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  std::error_code error;
  fs::create_directories(directory_, error);
  if (!error) fs::permissions(directory_, fs::perms::owner_all, error);
  if (error) directory_.clear();
}

std::string ModuleCache::path_of(std::string_view module_hash) const {
  return directory_ + "/" + std::string(module_hash) + std::string(kSuffix);
}

std::optional<std::string> ModuleCache::load(std::string_view module_hash) const {
  if (directory_.empty()) return std::nullopt;
  const std::string path = path_of(module_hash);
  auto compiled = read_file(path, kCompiledBytesMax);
  if (!compiled || compiled->size() < kHashSize) return std::nullopt;
  const std::string hash = compiled->substr(0, kHashSize);
  compiled->erase(0, kHashSize);
  if (sha256_hex(*compiled) != hash) return std::nullopt;
  std::error_code ignored;
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  return *std::move(compiled);
}

void ModuleCache::save(std::string_view module_hash, std::string_view compiled) const {
  if (directory_.empty()) return;
  const std::string path = path_of(module_hash);
  std::ostringstream suffix;  // several threads may save the same module
  suffix << ".new-" << std::this_thread::get_id();
  const std::string unique = suffix.str();
  // A file that a crash leaves in pieces does not match its hash.
  if (!replace_file(path, sha256_hex(compiled).append(compiled), {.sync = false, .suffix = unique}))
    return;
  drop_oldest();
}

void ModuleCache::drop_oldest() const {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  for (fs::directory_iterator it(directory_, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().find(".wasmtime-") == std::string::npos) continue;
    entries.emplace_back(it->last_write_time(error), it->path());
  }
  if (entries.size() <= kEntriesMax) return;
  std::sort(entries.begin(), entries.end());
  for (std::size_t i = 0; i + kEntriesMax < entries.size(); ++i)
    fs::remove(entries[i].second, error);
}

}  // namespace sluice::wasm
