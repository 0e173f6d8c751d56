// SPDX-License-Identifier: Apache-2.0
// Shared data as a document: a map of key to scalar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sluice::admin {

inline constexpr std::size_t kDataBytesMax = 256 << 20;

// The entries of a YAML or JSON map. Numbers keep their source spelling. An entry whose value is no
// scalar is an error that names the key.
[[nodiscard]] Result<std::vector<store::Entry>> parse_data(std::string_view text);

enum class DataFormat { json, yaml };

// Writes a map piece by piece: open, entries in order, close. An empty one is `{}`.
class DataWriter {
 public:
  explicit DataWriter(DataFormat format) : format_(format) {}
  void write(const std::vector<store::Entry>& entries, std::string& out);
  void close(std::string& out) const;

 private:
  DataFormat format_;
  bool empty_ = true;
};

}  // namespace sluice::admin
