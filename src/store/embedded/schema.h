// SPDX-License-Identifier: Apache-2.0
// The layout of sluice.db, its version, and the settings of every connection to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "store/embedded/connection.h"
#include "store/store.h"

namespace sluice::store {

// Makes the file with its tables if there is none, and returns true then. Fails if what is there is
// less than that: an empty file, or a log without its file. `vfs`: as Connection::open.
[[nodiscard]] Result<bool> ensure_database(const std::string& path, const char* vfs);

// What a database says of itself. The row of its table `store` has the store's name, the `cycle`,
// which is raised in the first group after a log (WAL) has begun, and the number of changes of the
// documents.
struct FoundStore {
  std::string name;  // "" if it has none yet
  Version told = 0;  // MarkRecord::told
  std::uint64_t cycle = 0;
  std::optional<std::uint64_t> file_cycle;  // the cycle without the log, where that can be read
  std::uint64_t size = 0;                   // without the log; bytes
};
// Checks that the file is ours and not damaged, and brings nothing of its log into it.
[[nodiscard]] Result<FoundStore> look_at_store(const std::string& path, const char* vfs);
// Gives a new database its name, on disk on return. Requires: it has no log (WAL) yet; `name` is of
// hexadecimal digits.
[[nodiscard]] Result<void> name_database(const std::string& path, const char* vfs,
                                         const std::string& name);
// Checks that the file is ours, and turns on WAL.
[[nodiscard]] Result<void> prepare_database(Connection& connection, const std::string& path,
                                            Durability durability);
// What a commit waits for. `process`: not for the disk (synchronous = NORMAL): a power cut takes
// the last commits, in their order, and leaves the file consistent. Not within a transaction.
[[nodiscard]] Result<void> set_sync(Connection& connection, Durability durability);
// Reads all of the file: 1,000,000 keys take 0.3 s. Finds pages that are damaged or missing, not
// single bytes within a key or a value.
[[nodiscard]] Result<void> check_structure(Connection& connection, const std::string& path);
// The names in it are on disk on return.
[[nodiscard]] Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace sluice::store
