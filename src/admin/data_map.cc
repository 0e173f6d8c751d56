// SPDX-License-Identifier: Apache-2.0
#include "admin/data_map.h"

#include <nlohmann/json.hpp>

#include "admin/message.h"
#include "config/emit.h"
#include "config/faults.h"
#include "config/value.h"

namespace sluice::admin {
namespace {

using config::Value;

constexpr config::ParseLimits kLimits{
    .bytes_max = kDataBytesMax, .values_max = 32'000'000, .depth_max = 64};

void add_entry(const std::string& key, const Value& value, std::vector<store::Entry>& entries,
               config::Faults& faults) {
  const std::string path = config::quote(key);
  if (key.empty()) return faults.add(path, "a key must not be empty");
  switch (value.kind) {
    case Value::Kind::scalar:
      entries.push_back({key, value.scalar});
      return;
    case Value::Kind::null:
      return faults.add(path, "has no value; write \"\" for an empty one");
    case Value::Kind::map:
      return faults.add(path, "is a map; a value is one text or number");
    case Value::Kind::sequence:
      return faults.add(path, "is a list; a value is one text or number");
  }
}

}  // namespace

Result<std::vector<store::Entry>> parse_data(std::string_view text) {
  SLUICE_TRY(const Value document, config::parse_document(text, kLimits));
  if (document.kind == Value::Kind::null) {
    return fail(ErrorKind::invalid, "the body holds no data, try: id/user1: \"true\"");
  }
  if (document.kind != Value::Kind::map) {
    return fail(ErrorKind::invalid, "data is a map of keys to values, try: id/user1: \"true\"");
  }
  config::Faults faults;
  std::vector<store::Entry> entries;
  entries.reserve(document.members.size());
  for (const auto& [key, value] : document.members) add_entry(key, value, entries, faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  return entries;
}

void DataWriter::write(const std::vector<store::Entry>& entries, std::string& out) {
  for (const auto& [key, value] : entries) {
    if (format_ == DataFormat::yaml) {
      out += config::yaml_key(key) + " " + config::yaml_quoted(value) + "\n";
    } else {
      out += empty_ ? "{\n  " : ",\n  ";
      out += dump(key) + ": " + dump(value);
    }
    empty_ = false;
  }
}

void DataWriter::close(std::string& out) const {
  if (empty_) {
    out += "{}\n";
  } else if (format_ == DataFormat::json) {
    out += "\n}\n";
  }
}

}  // namespace sluice::admin
