// SPDX-License-Identifier: Apache-2.0
// MarkRecord: the contents of the mark beside the database (mark.h), and their text form.
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
  std::string store;     // its own name: 32 hexadecimal digits
  std::string was;       // the name that the database may still have
  bool running = false;  // false: the database holds everything, and the log may be missing
  Durability durability = Durability::disk;
  std::string boot;            // of the machine; changes with a reboot
  Version told = 0;            // the sum of the versions of all namespaces and of the documents
  Version on_disk = 0;         // the part of `told` that survives a power cut
  std::uint64_t cycle = 0;     // the database holds at least this cycle (schema.h)
  std::uint64_t size = 0;      // of the database itself, at least; bytes
  std::vector<LogSalts> logs;  // the log is one of these
};

// One line of at most kMarkLineMax bytes, with a checksum at its end. Invariant: later lines have
// greater numbers.
[[nodiscard]] std::string to_line(const MarkRecord& record, std::uint64_t number);

struct MarkLine {
  MarkRecord record;
  std::uint64_t number = 0;
};
// nullopt: the line is torn or malformed.
[[nodiscard]] std::optional<MarkLine> parse_mark_line(std::string_view text);

inline constexpr std::size_t kMarkLineMax = 512;  // a disk writes a sector atomically
inline constexpr std::size_t kMarkLogsMax = 8;    // in a record

}  // namespace sluice::store
