// SPDX-License-Identifier: Apache-2.0
// The layout of sluice.db, its version, and the settings of every connection to it.
#pragma once

#include <optional>
#include <string>

#include "store/embedded/connection.h"
#include "store/store.h"

namespace sluice::store {

// Creates the file with its tables if it is absent, and then returns true. Fails on a partial
// store: an empty file, or a log without its file. `vfs`: as Connection::open.
[[nodiscard]] Result<bool> ensure_database(const std::string& path, const char* vfs);

// The data that a database holds about itself. The row of its table `store` has the name, the
// `cycle` and the number of document changes. The first group after a new log (WAL) raises the
// cycle.
struct FoundStore {
  std::string name;  // "" if it has none yet
  Version told = 0;  // MarkRecord::told
  std::uint64_t cycle = 0;
  std::optional<std::uint64_t> file_cycle;  // the cycle without the log, if readable
  std::uint64_t size = 0;                   // without the log; bytes
};
// Checks that the file is a sluice store and undamaged. Does not replay its log.
[[nodiscard]] Result<FoundStore> look_at_store(const std::string& path, const char* vfs);
// Gives a new database its name, on disk on return. Requires: it has no log (WAL) yet, and `name`
// is hexadecimal.
[[nodiscard]] Result<void> name_database(const std::string& path, const char* vfs,
                                         const std::string& name);
// Checks that the file is a sluice store, and turns on WAL.
[[nodiscard]] Result<void> prepare_database(Connection& connection, const std::string& path,
                                            Durability durability);
// Sets the durability for which a commit waits. `process` does not wait for the disk (synchronous =
// NORMAL): a power cut takes the last commits, in their order, and leaves the file consistent.
// Requires: no transaction is open.
[[nodiscard]] Result<void> set_sync(Connection& connection, Durability durability);
// Reads the whole file: 0.3 s for 1,000,000 keys. Finds damaged or missing pages, but no changed
// bytes within a key or value.
[[nodiscard]] Result<void> check_structure(Connection& connection, const std::string& path);

}  // namespace sluice::store
