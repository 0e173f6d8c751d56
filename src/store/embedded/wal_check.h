// SPDX-License-Identifier: Apache-2.0
// What SQLite does not look for in the write-ahead log that a crash left: a damaged beginning,
// which it would take for an empty log, and bytes that are in the system's cache but not on disk.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "store/embedded/log_observer.h"

namespace sluice::store {

// Before the database `path` is opened. Fails if the log cannot be the work of a crash; else all
// that SQLite will find in it is on disk on return. `vfs`: null for SQLite's own. Returns the salts
// of its header; nullopt if there is no log, or one that has not begun.
[[nodiscard]] Result<std::optional<LogSalts>> settle_wal(const std::string& path, const char* vfs);

}  // namespace sluice::store
