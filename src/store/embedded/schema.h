// SPDX-License-Identifier: Apache-2.0
// The layout of sluice.db, its version, and the settings of every connection to it.
#pragma once

#include "store/embedded/connection.h"
#include "store/store.h"

namespace sluice::store {

// Makes the file with its tables if there is none. Fails if what is there is less than that: an
// empty file, or a log without its file. `vfs`: as Connection::open.
[[nodiscard]] Result<void> ensure_database(const std::string& path, const char* vfs);
// Checks that the file is ours, and turns on WAL.
[[nodiscard]] Result<void> prepare_database(Connection& connection, const std::string& path,
                                            Durability durability);
// What a commit waits for. `process`: not for the disk (synchronous = NORMAL): a power cut takes
// the last commits, in their order, and leaves the file consistent. Not within a transaction.
[[nodiscard]] Result<void> set_sync(Connection& connection, Durability durability);
// Reads all of the file: 1,000,000 keys take 0.3 s. Finds pages that are damaged or missing, not
// single bytes within a key or a value.
[[nodiscard]] Result<void> check_structure(Connection& connection, const std::string& path);

}  // namespace sluice::store
