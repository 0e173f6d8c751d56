// SPDX-License-Identifier: Apache-2.0
#include "backup/writer.h"

#include <nlohmann/json.hpp>

#include "backup/entry_line.h"
#include "base/json_string.h"

namespace sluice::backup {
namespace {

std::string compact(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_text(std::string_view name, std::string_view text, std::string& out) {
  out += name;
  append_json_string(text, out);
}

}  // namespace

void Writer::begin(const Header& header, std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"format":)", kFormat, out);
  out += R"(,"formatVersion":)" +
         std::to_string(header.custom > 0 ? kFormatVersionCustom : kFormatVersion);
  append_text(R"(,"programVersion":)", header.program_version, out);
  append_text(R"(,"member":)", header.member, out);
  append_text(R"(,"time":)", header.time, out);
  out += R"(,"code":)" + std::to_string(header.code);
  out += R"(,"objects":)" + std::to_string(header.objects);
  if (header.custom > 0) out += R"(,"custom":)" + std::to_string(header.custom);
  out += R"(,"namespaces":)" + compact(header.namespaces) + "}\n";
  hash_.update(std::string_view(out).substr(from));
}

void Writer::begin_code(const CodeHead& head, std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"code":)", head.sha256, out);
  append_text(R"(,"kind":)", head.kind, out);
  out += R"(,"size":)" + std::to_string(head.size) + "}\n";
  hash_.update(std::string_view(out).substr(from));
  ++totals_.code;
}

void Writer::code_piece(std::string_view bytes, std::string& out) {
  const std::size_t from = out.size();
  out += R"({"bytes":")" + base64_encode(bytes) + "\"}\n";
  hash_.update(std::string_view(out).substr(from));
}

Result<void> Writer::object(const ObjectRecord& object, std::string& out) {
  std::string line;
  append_text(R"({"object":)", object.name, line);
  append_text(R"(,"kind":)", object.kind, line);
  line += R"(,"runs":)" + std::string(object.runs ? "true" : "false");
  line += R"(,"pins":)" + compact(object.pins);
  line += R"(,"spec":)" + compact(object.spec) + "}\n";
  if (line.size() > kLineBytesMax) {
    return fail(ErrorKind::too_large, object.kind + " " + object.name + " takes more than " +
                                          std::to_string(kLineBytesMax >> 20) + " MiB in a backup");
  }
  hash_.update(line);
  out += line;
  ++totals_.objects;
  return {};
}

void Writer::custom_kind(const CustomKindRecord& kind, std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"customKind":)", kind.name, out);
  out += R"(,"spec":)" + compact(kind.spec) + "}\n";
  hash_.update(std::string_view(out).substr(from));
  ++totals_.custom;
}

void Writer::custom_item(std::string_view id, std::string_view kind, const Json& item,
                         std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"customItem":)", id, out);
  append_text(R"(,"kind":)", kind, out);
  out += R"(,"item":)" + compact(item) + "}\n";
  hash_.update(std::string_view(out).substr(from));
  ++totals_.custom;
}

void Writer::begin_data(std::string_view ns, std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"data":)", ns, out);
  out += "}\n";
  hash_.update(std::string_view(out).substr(from));
  data_ = {.ns = std::string(ns)};
  ++totals_.namespaces;
}

void Writer::entry(std::string_view key, std::string_view value, std::string& out) {
  const std::size_t from = out.size();
  append_entry_line(key, value, out);
  hash_.update(std::string_view(out).substr(from));
  ++data_.count;
  ++totals_.entries;
}

void Writer::end_data(std::uint64_t version, std::string& out) {
  const std::size_t from = out.size();
  append_text(R"({"dataEnd":)", data_.ns, out);
  out += R"(,"count":)" + std::to_string(data_.count) + R"(,"storeVersion":)" +
         std::to_string(version) + "}\n";
  hash_.update(std::string_view(out).substr(from));
}

void Writer::end(std::string& out) {
  out += R"({"end":true,"code":)" + std::to_string(totals_.code) + R"(,"objects":)" +
         std::to_string(totals_.objects) + R"(,"namespaces":)" +
         std::to_string(totals_.namespaces) + R"(,"entries":)" + std::to_string(totals_.entries);
  if (totals_.custom > 0) out += R"(,"custom":)" + std::to_string(totals_.custom);
  out += R"(,"sha256":")" + hash_.hex() + "\"}\n";
}

}  // namespace sluice::backup
