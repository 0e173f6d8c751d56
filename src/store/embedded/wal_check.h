// SPDX-License-Identifier: Apache-2.0
// Checks that SQLite does not make on the write-ahead log that a crash left. SQLite takes a damaged
// header for an empty log, and trusts bytes that are in the system's cache but not on disk.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "store/embedded/log_observer.h"

namespace sluice::store {

// Returns the salts in the header of a log. Requires: it has kLogHeaderBytes.
[[nodiscard]] LogSalts salts_of(std::span<const unsigned char> header);

// Runs before the database `path` is opened. Fails if a crash cannot have left such a log. On
// success, everything that SQLite will find in it is on disk. `vfs`: null for SQLite's own. Returns
// the salts of the header; nullopt if there is no log, or it has not begun.
[[nodiscard]] Result<std::optional<LogSalts>> settle_wal(const std::string& path, const char* vfs);

}  // namespace sluice::store
