// SPDX-License-Identifier: Apache-2.0
#include "backup/reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "backup/entry_line.h"

namespace sluice::backup {
namespace {

std::unexpected<Error> altered(const std::string& reason) {
  return fail(ErrorKind::invalid, reason + ", the file is cut off or was altered");
}

// A deeper value would overflow the stack of those who walk through it.
bool is_shallow(std::string_view line) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\') ++i;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    if (depth > kNestingMax) return false;
  }
  return true;
}

std::string unknown_version(std::uint64_t version) {
  const std::string known =
      std::to_string(kFormatVersion) + " and " + std::to_string(kFormatVersionCustom);
  const std::string number = std::to_string(version);
  if (version < kFormatVersionCustom)
    return "formatVersion " + number + " is not known here, " + known + " are";
  return "the backup was made by a newer version of Sluice (formatVersion " + number +
         ", known here: " + known + "): restore it with that one";
}

// Null if the line is no JSON object.
Json object_in(std::string_view line) {
  if (!is_shallow(line)) return {};
  Json value = Json::parse(line, nullptr, false);
  return value.is_object() ? std::move(value) : Json();
}

// The members of a line. Each function notes whether one is missing or of another type.
class Members {
 public:
  explicit Members(std::string_view line) : object_(object_in(line)) {}

  [[nodiscard]] std::string text(const char* name) {
    const auto found = object_.find(name);
    good_ = good_ && found != object_.end() && found->is_string();
    return good_ ? found->get<std::string>() : std::string();
  }
  [[nodiscard]] std::uint64_t number(const char* name) {
    const auto found = object_.find(name);
    good_ = good_ && found != object_.end() && found->is_number_unsigned();
    return good_ ? found->get<std::uint64_t>() : 0;
  }
  [[nodiscard]] bool flag(const char* name) {
    const auto found = object_.find(name);
    good_ = good_ && found != object_.end() && found->is_boolean();
    return good_ && found->get<bool>();
  }
  [[nodiscard]] Json value(const char* name) {
    const auto found = object_.find(name);
    good_ = good_ && found != object_.end();
    return good_ ? std::move(*found) : Json();
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  Json object_;
  bool good_ = true;
};

std::optional<std::vector<std::string>> texts_in(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Json& each : list) {
    if (!each.is_string()) return std::nullopt;
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

}  // namespace

Result<void> Reader::feed(std::string_view piece) {
  return lines_.feed(piece, [this](std::string_view line) { return take(line); });
}

Result<void> Reader::finish() {
  SLUICE_CHECK(lines_.finish([this](std::string_view line) { return take(line); }));
  return complete_ ? Result<void>() : cut_off_after(lines_.number());
}

Result<void> Reader::take(std::string_view line) {
  auto taken = take_line(line);
  return taken ? taken : at_line(lines_.number(), std::move(taken).error());
}

Result<void> Reader::take_line(std::string_view line) {
  if (complete_) return fail(ErrorKind::invalid, "there is more behind the end of the backup");
  if (lines_.number() == 1) return take_header(line);
  if (line.starts_with(R"({"end":)")) return take_end(line);
  hash_.update(line);
  hash_.update("\n");
  if (line.starts_with(R"({"key)")) return take_entry(line);
  if (line.starts_with(R"({"bytes":)")) return take_bytes(line);
  if (line.starts_with(R"({"code":)")) return take_code(line);
  if (line.starts_with(R"({"object":)")) return take_object(line);
  if (line.starts_with(R"({"customKind":)")) return take_custom_kind(line);
  if (line.starts_with(R"({"customItem":)")) return take_custom_item(line);
  if (line.starts_with(R"({"data":)")) return take_data(line);
  if (line.starts_with(R"({"dataEnd":)")) return take_data_end(line);
  return altered("this is no line of a backup");
}

Result<void> Reader::take_header(std::string_view line) {
  hash_.update(line);
  hash_.update("\n");
  Members members(line);
  if (members.text("format") != kFormat)
    return fail(ErrorKind::invalid, "this is no backup; `egctl backup create` makes one");
  const std::uint64_t version = members.number("formatVersion");
  const bool has_custom = version == kFormatVersionCustom;
  if (members.good() && version != kFormatVersion && !has_custom) {
    return fail(ErrorKind::invalid, unknown_version(version));
  }
  header_ = {.program_version = members.text("programVersion"),
             .member = members.text("member"),
             .time = members.text("time"),
             .code = members.number("code"),
             .objects = members.number("objects"),
             .namespaces = {},
             .custom = has_custom ? members.number("custom") : 0};
  auto namespaces = texts_in(members.value("namespaces"));
  if (!members.good() || !namespaces) return altered("the header is broken");
  header_.namespaces = *std::move(namespaces);
  return receiver_.header(header_);
}

// Sections come in order, and each module and namespace ends before the next begins.
Result<void> Reader::enter(Section section) {
  if (in_code_) return altered("bytes of the code are missing before this line");
  if (in_data_) return altered("the end of the data of " + data_.ns + " is missing");
  if (section < section_) return altered("this line is out of order");
  section_ = section;
  return {};
}

Result<void> Reader::take_code(std::string_view line) {
  SLUICE_CHECK(enter(Section::code));
  Members members(line);
  code_ = {
      .sha256 = members.text("code"), .kind = members.text("kind"), .size = members.number("size")};
  if (!members.good() || code_.size == 0) return altered("the line is broken");
  if (code_.size > kCodeBytesMax) {
    return fail(ErrorKind::too_large,
                "the code is larger than " + std::to_string(kCodeBytesMax >> 20) + " MiB");
  }
  code_bytes_.clear();
  in_code_ = true;
  return {};
}

Result<void> Reader::take_bytes(std::string_view line) {
  if (!in_code_) return altered("this line is out of order");
  Members members(line);
  const auto bytes = base64_decode(members.text("bytes"));
  if (!members.good() || !bytes || bytes->empty()) return altered("the line is broken");
  if (bytes->size() > code_.size - code_bytes_.size()) return altered("the code is too long");
  code_bytes_ += *bytes;
  if (code_bytes_.size() < code_.size) return {};
  if (sha256_hex(code_bytes_) != code_.sha256) return altered("the code has another hash");
  in_code_ = false;
  ++totals_.code;
  auto taken = receiver_.code(code_, code_bytes_);
  code_bytes_ = {};
  return taken;
}

Result<void> Reader::take_object(std::string_view line) {
  SLUICE_CHECK(enter(Section::objects));
  Members members(line);
  ObjectRecord object{.name = members.text("object"),
                      .kind = members.text("kind"),
                      .runs = members.flag("runs"),
                      .pins = members.value("pins"),
                      .spec = members.value("spec")};
  if (!members.good() || !object.spec.is_object()) return altered("the object is broken");
  object.line_bytes = line.size();
  ++totals_.objects;
  return receiver_.object(std::move(object));
}

Result<void> Reader::take_custom_kind(std::string_view line) {
  SLUICE_CHECK(enter(Section::custom));
  Members members(line);
  CustomKindRecord kind{
      .name = members.text("customKind"), .spec = members.value("spec"), .line_bytes = line.size()};
  if (!members.good() || !kind.spec.is_object()) return altered("the kind is broken");
  ++totals_.custom;
  return receiver_.custom_kind(std::move(kind));
}

Result<void> Reader::take_custom_item(std::string_view line) {
  SLUICE_CHECK(enter(Section::custom));
  Members members(line);
  CustomItemRecord item{.id = members.text("customItem"),
                        .kind = members.text("kind"),
                        .item = members.value("item"),
                        .line_bytes = line.size()};
  if (!members.good() || !item.item.is_object()) return altered("the item is broken");
  ++totals_.custom;
  return receiver_.custom_item(std::move(item));
}

Result<void> Reader::take_data(std::string_view line) {
  SLUICE_CHECK(enter(Section::data));
  Members members(line);
  data_ = {.ns = members.text("data")};
  const std::size_t index = totals_.namespaces;
  const auto& expected = header_.namespaces;
  if (!members.good() || index >= expected.size() || expected[index] != data_.ns)
    return altered("the header names other data here");
  in_data_ = true;
  ++totals_.namespaces;
  return receiver_.begin_data(data_.ns);
}

Result<void> Reader::take_entry(std::string_view line) {
  if (!in_data_) return altered("this line is out of order");
  if (!parse_entry_line(line, key_, value_)) return altered("this is no entry");
  ++data_.count;
  ++totals_.entries;
  return receiver_.entry(key_, value_);
}

Result<void> Reader::take_data_end(std::string_view line) {
  if (!in_data_) return altered("this line is out of order");
  Members members(line);
  const std::string ns = members.text("dataEnd");
  const std::uint64_t count = members.number("count");
  data_.version = members.number("storeVersion");
  if (!members.good() || ns != data_.ns || count != data_.count)
    return altered("the end of the data of " + data_.ns + " does not fit");
  in_data_ = false;
  return receiver_.end_data(data_);
}

bool Reader::has_all() const {
  return totals_.code == header_.code && totals_.objects == header_.objects &&
         totals_.namespaces == header_.namespaces.size() && totals_.custom == header_.custom;
}

Result<void> Reader::take_end(std::string_view line) {
  SLUICE_CHECK(enter(Section::data));
  Members members(line);
  const Totals said{.code = members.number("code"),
                    .objects = members.number("objects"),
                    .namespaces = members.number("namespaces"),
                    .entries = members.number("entries"),
                    .custom = header_.custom > 0 ? members.number("custom") : 0};
  const std::string sha256 = members.text("sha256");
  if (!members.good()) return altered("the last line is broken");
  const bool counted = said.code == totals_.code && said.objects == totals_.objects &&
                       said.namespaces == totals_.namespaces && said.entries == totals_.entries &&
                       said.custom == totals_.custom;
  if (!counted || !has_all())
    return fail(ErrorKind::invalid, "the file was altered: it holds more or less than it says");
  if (sha256 != hash_.hex())
    return fail(ErrorKind::invalid, "the file was altered: its checksum is wrong");
  complete_ = true;
  return {};
}

}  // namespace sluice::backup
