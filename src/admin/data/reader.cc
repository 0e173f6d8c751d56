// SPDX-License-Identifier: Apache-2.0
#include "admin/data/reader.h"

#include <algorithm>

namespace sluice::admin {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Result<void> DataReader::feed(std::string_view piece) {
  if (reader_.index() != 0) return pass(piece);
  head_ += piece;
  if (head_.size() > kEntryBytesMax) return entry_too_large(1);
  if (kByteOrderMark.starts_with(head_)) return {};
  if (head_.starts_with(kByteOrderMark)) head_.erase(0, kByteOrderMark.size());
  const std::size_t first = head_.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  begin(head_[first]);
  return pass(std::exchange(head_, {}));
}

Result<void> DataReader::finish() {
  if (reader_.index() == 0) {
    begin(0);
    SLUICE_CHECK(pass(head_));
  }
  if (auto* json = std::get_if<JsonReader>(&reader_)) return json->finish();
  return std::get<YamlReader>(reader_).finish();
}

void DataReader::begin(char first) {
  if (first == '{') {
    reader_.emplace<JsonReader>(add_);
  } else {
    reader_.emplace<YamlReader>(add_);
  }
}

Result<void> DataReader::pass(std::string_view piece) {
  if (auto* json = std::get_if<JsonReader>(&reader_)) return json->feed(piece);
  return std::get<YamlReader>(reader_).feed(piece);
}

}  // namespace sluice::admin
