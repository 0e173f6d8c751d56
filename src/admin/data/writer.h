// SPDX-License-Identifier: Apache-2.0
// Writes shared data as a document: a map of key to text.
#pragma once

#include <string>
#include <string_view>

namespace sluice::admin {

enum class DataFormat { json, yaml };

// Appends a map to `out`, entry by entry. DataReader reads the YAML back byte for byte: bytes that
// are not UTF-8 are written as `!!binary "base64"`. JSON has no such form: in it these bytes become
// U+FFFD. An empty map is `{}`.
class DataWriter {
 public:
  explicit DataWriter(DataFormat format) : format_(format) {}
  void write(std::string_view key, std::string_view value, std::string& out);
  void close(std::string& out) const;

 private:
  DataFormat format_;
  bool empty_ = true;
};

}  // namespace sluice::admin
