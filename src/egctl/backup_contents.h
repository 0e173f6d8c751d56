// SPDX-License-Identifier: Apache-2.0
// The contents of a backup, without the code and the data themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backup/reader.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "egctl/invocation.h"
#include "egctl/status_line.h"

namespace sluice::egctl {

// Collects the contents while a Reader reads the backup.
class BackupContents final : public backup::Receiver {
 public:
  Result<void> header(const backup::Header& header) override;
  Result<void> code(const backup::CodeHead& head, std::string_view bytes) override;
  Result<void> object(backup::ObjectRecord object) override;
  Result<void> custom_kind(backup::CustomKindRecord kind) override;
  Result<void> custom_item(backup::CustomItemRecord item) override;
  Result<void> end_data(const backup::DataEnd& end) override;

  // {time, member, programVersion, formatVersion, code, objects, customData, data, entries, bytes}
  [[nodiscard]] Json json() const;
  // The same as text, in several lines.
  [[nodiscard]] std::string text() const;
  // "2 objects, 1 module of code, 3 entries of 1 filter"
  [[nodiscard]] std::string summary() const;
  // The objects that did not run: "Pipeline p".
  [[nodiscard]] std::vector<std::string> failed() const;

  std::uint64_t bytes = 0;  // of the file; counted by the caller

 private:
  struct Named {
    std::string name;
    std::string kind;
    bool runs;
  };
  backup::Header header_;
  std::vector<backup::CodeHead> code_;
  std::vector<Named> objects_;
  struct Custom {
    std::string kind;
    std::uint64_t items = 0;
  };
  std::vector<Custom> custom_;
  std::vector<backup::DataEnd> data_;
  std::uint64_t entries_ = 0;
};

// The bytes of a transfer, as a line on a terminal: "saved 12.3 MiB, 45.6 MiB/s".
class BytesProgress {
 public:
  // `total`: of the bytes; 0: unknown.
  BytesProgress(Invocation& invocation, std::string verb, std::uint64_t total = 0);
  void moved(std::size_t bytes);
  // All bytes are moved, and something else goes on: "restoring".
  void now(std::string_view what);
  void end() { line_.end(); }

 private:
  StatusLine line_;
  const std::string verb_;
  const std::uint64_t total_;
  const Clock::time_point begin_ = Clock::now();
  std::uint64_t bytes_ = 0;
};

// "12.3 MiB", "512 bytes"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
// Reads and checks the whole file, `-` for standard input. Errors name the file and the line.
[[nodiscard]] Result<BackupContents> check_backup(Invocation& invocation, const std::string& path);

}  // namespace sluice::egctl
