// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "admin/data/export.h"
#include "admin/message.h"
#include "backup/entry_line.h"
#include "base/json.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kEnd = R"({"end":)";

template <class T>
bool holds(const Json& object, const char* name, const T& wanted) {
  const auto found = object.find(name);
  return found != object.end() && *found == Json(wanted);
}

}  // namespace

Result<void> ExportReader::feed(std::string_view piece) {
  return lines_.feed(piece, [this](std::string_view line) { return take(line); });
}

Result<void> ExportReader::finish() {
  SLUICE_CHECK(lines_.finish([this](std::string_view line) { return take(line); }));
  return complete_ ? Result<void>() : cut_off_after(lines_.number());
}

Result<void> ExportReader::take(std::string_view line) {
  if (complete_) return at_line(lines_.number(), "there is more behind the end of the data");
  if (line.starts_with(kEnd)) return take_end(line);
  hash_.update(line);
  hash_.update("\n");
  return lines_.number() == 1 ? take_head(line) : take_entry(line);
}

Result<void> ExportReader::take_head(std::string_view line) {
  const Json head = Json::parse(line, nullptr, false);
  if (!head.is_object() || !holds(head, "format", kExportFormat)) {
    return at_line(1, "this is no file of export-data; apply-data reads YAML and JSON");
  }
  if (holds(head, "formatVersion", kExportVersion)) return {};
  const Json version = head.value("formatVersion", Json());
  const std::string known = std::to_string(kExportVersion);
  if (version.is_number_unsigned() && version > kExportVersion) {
    return at_line(1, "the file was written by a newer version of Sluice (formatVersion " +
                          dump(version) + ", known here: " + known + "): apply it with that one");
  }
  return at_line(1, "formatVersion " + dump(version) + " is not known here, " + known + " is");
}

Result<void> ExportReader::take_entry(std::string_view line) {
  if (!backup::parse_entry_line(line, entry_.key, entry_.value)) {
    return at_line(lines_.number(), "this is no entry, the file is cut off or was altered");
  }
  ++count_;
  const auto added = add_(entry_.key, entry_.value);
  return added ? added : at_line(lines_.number(), added.error());
}

Result<void> ExportReader::take_end(std::string_view line) {
  const Json end = Json::parse(line, nullptr, false);
  if (!end.is_object() || lines_.number() == 1) {
    return at_line(lines_.number(), "the last line is broken, the file is cut off or was altered");
  }
  if (!holds(end, "count", count_)) {
    return at_line(lines_.number(), "the file was altered: it holds " + std::to_string(count_) +
                                        " entries, and should hold " +
                                        dump(end.value("count", Json())));
  }
  if (!holds(end, "sha256", hash_.hex())) {
    return at_line(lines_.number(), "the file was altered: its checksum is wrong");
  }
  complete_ = true;
  return {};
}

}  // namespace sluice::admin
