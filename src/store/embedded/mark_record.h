// SPDX-License-Identifier: Apache-2.0
// MarkRecord: what the mark beside the database (mark.h) says, and how it is written down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/log_observer.h"
#include "store/store.h"

namespace sluice::store {

struct MarkRecord {
  std::string store;     // its name for itself: 32 hexadecimal digits
  std::string was;       // the name that the database may still have
  bool running = false;  // else all is in the database itself, and the log may be missing
  Durability durability = Durability::disk;
  std::string boot;            // of the machine: another one after a power cut
  Version told = 0;            // the sum of the versions of all namespaces and of the documents
  Version on_disk = 0;         // of that, what outlives a power cut
  std::uint64_t cycle = 0;     // the database itself holds at least this one (schema.h)
  std::uint64_t size = 0;      // of the database itself, at least; bytes
  std::vector<LogSalts> logs;  // the log is one of these
};

// One line, of kMarkLineMax bytes at most, that ends with a checksum. `number`: a later line has a
// greater one.
[[nodiscard]] std::string to_line(const MarkRecord& record, std::uint64_t number);

struct MarkLine {
  MarkRecord record;
  std::uint64_t number = 0;
};
// nullopt: torn, or no such line.
[[nodiscard]] std::optional<MarkLine> parse_mark_line(std::string_view text);

inline constexpr std::size_t kMarkLineMax = 512;  // what a disk writes whole
inline constexpr std::size_t kMarkLogsMax = 8;    // in a record

}  // namespace sluice::store
