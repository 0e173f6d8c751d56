// SPDX-License-Identifier: Apache-2.0
// Shared data from a document that comes in pieces, of any length, in bounded memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "admin/data/json_reader.h"
#include "admin/data/yaml_reader.h"

namespace sluice::admin {

// A flat YAML map or JSON object of scalars. Numbers keep their source spelling; bytes that are no
// text stand as `!!binary "base64"`. A key may come twice.
class DataReader {
 public:
  explicit DataReader(AddEntry add) : add_(std::move(add)) {}
  // Errors are `invalid` or `too_large`, or come from AddEntry; they name the line. After one the
  // reader takes nothing more.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  [[nodiscard]] Result<void> finish();

 private:
  void begin(char first);
  Result<void> pass(std::string_view piece);

  AddEntry add_;
  std::string head_;  // white space, before it is clear what follows
  std::variant<std::monostate, YamlReader, JsonReader> reader_;
};

}  // namespace sluice::admin
