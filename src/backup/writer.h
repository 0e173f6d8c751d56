// SPDX-License-Identifier: Apache-2.0
// Writes the file of a backup.
#pragma once

#include <string>
#include <string_view>

#include "backup/format.h"
#include "base/encoding.h"
#include "base/result.h"

namespace sluice::backup {

// Each function appends to `out`. Requires: the order of format.h. One thread at a time.
class Writer {
 public:
  void begin(const Header& header, std::string& out);
  void begin_code(const CodeHead& head, std::string& out);
  // Requires: at most kPieceBytes.
  void code_piece(std::string_view bytes, std::string& out);
  // Error `too_large`: no reader would take the line. Nothing is appended then.
  [[nodiscard]] Result<void> object(const ObjectRecord& object, std::string& out);
  void custom_kind(const CustomKindRecord& kind, std::string& out);
  void custom_item(std::string_view id, std::string_view kind, const Json& item, std::string& out);
  void begin_data(std::string_view ns, std::string& out);
  void entry(std::string_view key, std::string_view value, std::string& out);
  void end_data(std::uint64_t version, std::string& out);
  void end(std::string& out);

 private:
  Sha256 hash_;
  Totals totals_;
  DataEnd data_;  // of the namespace that is being written
};

}  // namespace sluice::backup
