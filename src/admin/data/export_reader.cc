// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/data/export.h"
#include "admin/message.h"
#include "base/json.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kEnd = R"({"end":)";

// Takes `prefix`, then the text up to the next quote. Accepts only text without escapes.
bool take_simple(std::string_view& line, std::string_view prefix, std::string& out) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  const std::size_t end = line.find('"');
  if (end == std::string_view::npos) return false;
  const std::string_view text = line.substr(0, end);
  const bool simple =
      std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; });
  line.remove_prefix(end);
  out = text;
  return simple;
}

// Parses the form in which ExportWriter writes nearly all entries, without the JSON parser.
bool parse_simple(std::string_view line, store::Entry& out) {
  return take_simple(line, R"({"key":")", out.key) &&
         take_simple(line, R"(","value":")", out.value) && line == R"("})";
}

// The value of the member `name`, or the decoded value of `name`64.
std::optional<std::string> bytes_at(const Json& object, const std::string& name) {
  const auto text = object.find(name);
  if (text != object.end()) {
    return text->is_string() ? std::optional(text->get<std::string>()) : std::nullopt;
  }
  const auto encoded = object.find(name + "64");
  if (encoded == object.end() || !encoded->is_string()) return std::nullopt;
  return base64_decode(encoded->get_ref<const std::string&>());
}

bool parse_entry(std::string_view line, store::Entry& out) {
  if (parse_simple(line, out)) return true;
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object() || object.size() != 2) return false;
  auto key = bytes_at(object, "key");
  auto value = bytes_at(object, "value");
  if (!key || !value) return false;
  out = {*std::move(key), *std::move(value)};
  return true;
}

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
  if (complete_) return {};
  if (lines_.number() == 0) return fail(ErrorKind::invalid, "the file is empty");
  return fail(ErrorKind::invalid, "the file is cut off after line " +
                                      std::to_string(lines_.number()) +
                                      ": its last line, with the checksum, is missing");
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
  return at_line(1, "formatVersion " + dump(head.value("formatVersion", Json())) +
                        " is not known here, " + std::to_string(kExportVersion) + " is");
}

Result<void> ExportReader::take_entry(std::string_view line) {
  if (!parse_entry(line, entry_)) {
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
