// SPDX-License-Identifier: Apache-2.0
// Admission: checks that the data directory holds the expected store, with all that was told. The
// check precedes any change: SQLite replays any well-formed log into any database.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "store/embedded/mark_record.h"
#include "store/store.h"

namespace sluice::store {

struct AdmissionOptions {
  Presence presence;
  const char* vfs = nullptr;  // as Connection::open
  std::string boot;           // of the machine
  Logger logger;
};

// The result of a check that passed. The mark is on disk beside the database.
struct Admitted {
  std::string store;        // its name; the database may not have it yet
  Version told = 0;         // the value found: MarkRecord::told
  std::uint64_t cycle = 0;  // the value found
};

// Creates the store if there is none and creating one is allowed. An error names the file, the
// problem and the remedy, and changes nothing. Requires: no other process uses `path`, sluice.db.
[[nodiscard]] Result<Admitted> admit(const std::string& path, const AdmissionOptions& options);

[[nodiscard]] inline std::string mark_of(const std::string& path) { return path + "-mark"; }

}  // namespace sluice::store
