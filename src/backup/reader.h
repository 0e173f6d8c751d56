// SPDX-License-Identifier: Apache-2.0
// Reads and checks the file of a backup as it arrives.
#pragma once

#include <string>
#include <string_view>

#include "backup/format.h"
#include "base/encoding.h"
#include "base/lines.h"
#include "base/result.h"

namespace sluice::backup {

// Receives the contents, in the order of the file. They are verified only after Reader::finish()
// has succeeded. An error ends the reading.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual Result<void> header(const Header& /*header*/) { return {}; }
  // The hash of the bytes is right.
  virtual Result<void> code(const CodeHead& /*head*/, std::string_view /*bytes*/) { return {}; }
  virtual Result<void> object(ObjectRecord /*object*/) { return {}; }
  virtual Result<void> custom_kind(CustomKindRecord /*kind*/) { return {}; }
  virtual Result<void> custom_item(CustomItemRecord /*item*/) { return {}; }
  virtual Result<void> begin_data(const std::string& /*ns*/) { return {}; }
  virtual Result<void> entry(std::string_view /*key*/, std::string_view /*value*/) { return {}; }
  virtual Result<void> end_data(const DataEnd& /*end*/) { return {}; }
};

// Holds one line, and the module that is being read: kLineBytesMax and kCodeBytesMax. One thread at
// a time.
class Reader {
 public:
  // Requires: `receiver` outlives this.
  explicit Reader(Receiver& receiver) : receiver_(receiver) {}
  // Errors name the line. After an error the reader takes no more input.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();
  // The totals of the lines read so far.
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  enum class Section { header, code, objects, custom, data };

  Result<void> take(std::string_view line);
  Result<void> take_line(std::string_view line);
  Result<void> take_header(std::string_view line);
  Result<void> take_code(std::string_view line);
  Result<void> take_bytes(std::string_view line);
  Result<void> take_object(std::string_view line);
  Result<void> take_custom_kind(std::string_view line);
  Result<void> take_custom_item(std::string_view line);
  Result<void> take_data(std::string_view line);
  Result<void> take_entry(std::string_view line);
  Result<void> take_data_end(std::string_view line);
  Result<void> take_end(std::string_view line);
  Result<void> enter(Section section);
  [[nodiscard]] bool has_all() const;

  Receiver& receiver_;
  LineSplitter lines_{kLineBytesMax};
  Sha256 hash_;
  Header header_;
  Totals totals_;
  Section section_ = Section::header;
  CodeHead code_;
  std::string code_bytes_;
  bool in_code_ = false;  // code_bytes_ lacks some of code_.size
  DataEnd data_;
  bool in_data_ = false;  // the namespace data_ is being read
  bool complete_ = false;
  std::string key_;
  std::string value_;
};

}  // namespace sluice::backup
