// SPDX-License-Identifier: Apache-2.0
// Shared data as a document: a map of key to text.
#pragma once

#include <string>
#include <string_view>

namespace sluice::admin {

enum class DataFormat { json, yaml };

// Appends a map to `out`, entry by entry. What is written as YAML can be read by DataReader, to the
// byte: what is not UTF-8 stands as `!!binary "base64"`. JSON has nothing of the kind: such bytes
// become U+FFFD. An empty map is `{}`.
class DataWriter {
 public:
  explicit DataWriter(DataFormat format) : format_(format) {}
  void write(std::string_view key, std::string_view value, std::string& out);
  void close(std::string& out) const;

 private:
  DataFormat format_;
  bool empty_ = true;
};

// In quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace sluice::admin
