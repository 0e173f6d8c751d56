// SPDX-License-Identifier: Apache-2.0
// The file of export-data: JSON lines with a checksum. docs/shared-data.md describes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/data/entry.h"
#include "base/encoding.h"
#include "base/lines.h"
#include "store/store.h"

namespace sluice::admin {

inline constexpr std::string_view kExportFormat = "sluice-data";
inline constexpr int kExportVersion = 1;

// Appends to `out`: begin, entries, end.
class ExportWriter {
 public:
  void begin(std::string_view pipeline, std::string_view filter,
             std::chrono::system_clock::time_point now, std::string& out);
  void write(std::string_view key, std::string_view value, std::string& out);
  // `version`: the version of the store whose entries are exported.
  void end(store::Version version, std::string& out);

 private:
  Sha256 hash_;
  std::uint64_t count_ = 0;
};

// Reads such a file as it arrives. The entries are verified only after finish() has succeeded.
class ExportReader {
 public:
  explicit ExportReader(AddEntry add) : add_(std::move(add)) {}
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  Result<void> take(std::string_view line);
  Result<void> take_head(std::string_view line);
  Result<void> take_entry(std::string_view line);
  Result<void> take_end(std::string_view line);

  AddEntry add_;
  LineSplitter lines_{kEntryBytesMax};
  Sha256 hash_;
  std::uint64_t count_ = 0;
  bool complete_ = false;
  store::Entry entry_;
};

}  // namespace sluice::admin
