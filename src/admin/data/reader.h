// SPDX-License-Identifier: Apache-2.0
// Reads shared data from a document of any length that arrives in pieces, in bounded memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "admin/data/json_reader.h"
#include "admin/data/yaml_reader.h"

namespace sluice::admin {

// Reads a flat YAML map or JSON object of scalars. Numbers keep their source spelling. Bytes that
// are not text are written as `!!binary "base64"`. A key may occur twice.
class DataReader {
 public:
  explicit DataReader(AddEntry add) : add_(std::move(add)) {}
  // Errors are `invalid` or `too_large`, or come from AddEntry. They name the line. After an error
  // the reader accepts no more input.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  void begin(char first);
  Result<void> pass(std::string_view piece);

  AddEntry add_;
  std::string head_;  // white space before the format is known
  std::variant<std::monostate, YamlReader, JsonReader> reader_;
};

}  // namespace sluice::admin
