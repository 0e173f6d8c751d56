// SPDX-License-Identifier: Apache-2.0
// The layout of sluice.db, its version, and the settings of every connection to it.
#pragma once

#include "store/embedded/connection.h"

namespace sluice::store {

// Checks that the file is ours, makes the tables if it is new, and turns on WAL.
[[nodiscard]] Result<void> prepare_database(Connection& connection, const std::string& path);

}  // namespace sluice::store
