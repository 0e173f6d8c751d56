// SPDX-License-Identifier: Apache-2.0
// Admission: is what lies in the data directory the store that was there, with all that was told?
// Looks before anything is changed: SQLite brings any log of the right form into any database.
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

// What was let in; its mark is on disk, and stands beside the database.
struct Admitted {
  std::string store;        // its name, which the database may not have yet
  Version told = 0;         // found: MarkRecord::told
  std::uint64_t cycle = 0;  // found
};

// Makes the store if there is none and may be none. An error names the file, what is wrong with it,
// and what to do; nothing is changed then. Requires: nobody else uses `path`, sluice.db.
[[nodiscard]] Result<Admitted> admit(const std::string& path, const AdmissionOptions& options);

[[nodiscard]] inline std::string mark_of(const std::string& path) { return path + "-mark"; }

}  // namespace sluice::store
