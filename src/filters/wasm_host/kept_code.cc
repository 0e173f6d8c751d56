// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/kept_code.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/encoding.h"
#include "base/file.h"
#include "filters/wasm_host/code.h"

namespace sluice::filters {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".wasm";

std::unexpected<Error> failed(const std::string& path) {
  return fail(ErrorKind::unavailable,
              path + " cannot be written: " + std::generic_category().message(errno));
}

}  // namespace

std::string KeptCode::path_of(const std::string& sha256) const {
  return directory_ + "/" + sha256 + std::string(kSuffix);
}

KeptCode::Hold KeptCode::hold(const std::string& sha256) {
  const MutexLock lock(mutex_);
  return hold_locked(sha256);
}

KeptCode::Hold KeptCode::hold_locked(const std::string& sha256) {
  auto& place = held_[sha256];
  Hold hold = place.lock();
  if (!hold) place = hold = std::make_shared<const std::string>(sha256);
  return hold;
}

Result<KeptCode::Hold> KeptCode::keep(const std::string& sha256, std::string_view bytes) {
  if (directory_.empty()) return hold(sha256);
  const MutexLock lock(mutex_);
  if (!load(sha256)) SLUICE_CHECK(write(sha256, bytes));
  return hold_locked(sha256);
}

Result<void> KeptCode::write(const std::string& sha256, std::string_view bytes) const {
  if (::mkdir(directory_.c_str(), 0700) == 0) {
    // Syncs the folder's own entry in its parent.
    if (!sync_directory(fs::path(directory_).parent_path().string())) return failed(directory_);
  } else if (errno != EEXIST) {
    return failed(directory_);
  }
  return replace_file(path_of(sha256), bytes);
}

Result<std::string> KeptCode::load(const std::string& sha256) const {
  const std::string path = path_of(sha256);
  if (directory_.empty()) return fail(ErrorKind::not_found, path + " is not there");
  auto bytes = read_file(path, kCodeBytesMax);
  if (!bytes && bytes.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, path + " is not there");
  if (!bytes || sha256_hex(*bytes) == sha256) return bytes;
  return fail(ErrorKind::internal, path + " is damaged");
}

void KeptCode::sweep(const std::set<std::string>& wanted) {
  if (directory_.empty()) return;
  const MutexLock lock(mutex_);
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  std::error_code error;
  std::vector<fs::path> doomed;
  for (fs::directory_iterator it(directory_, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    const std::string sha256 = name.substr(0, name.find('.'));
    const bool kept =
        name.ends_with(kSuffix) && (wanted.contains(sha256) || held_.contains(sha256));
    if (!kept) doomed.push_back(it->path());
  }
  for (const fs::path& path : doomed) fs::remove(path, error);
}

}  // namespace sluice::filters
