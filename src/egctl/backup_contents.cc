// SPDX-License-Identifier: Apache-2.0
#include "egctl/backup_contents.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "egctl/files.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

// "1 object", "2 objects"
std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string counted(std::uint64_t count, const std::string& one) {
  return counted(count, one, one + "s");
}

struct FilterName {
  std::string pipeline;
  std::string filter;
};

FilterName split_namespace(const std::string& ns) {
  const std::size_t slash = std::min(ns.find('/'), ns.size());
  return {ns.substr(0, slash), ns.substr(std::min(slash + 1, ns.size()))};
}

}  // namespace

Result<void> BackupContents::header(const backup::Header& header) {
  header_ = header;
  return {};
}

Result<void> BackupContents::code(const backup::CodeHead& head, std::string_view) {
  code_.push_back(head);
  return {};
}

Result<void> BackupContents::object(backup::ObjectRecord object) {
  objects_.push_back({std::move(object.name), std::move(object.kind), object.runs});
  return {};
}

Result<void> BackupContents::custom_kind(backup::CustomKindRecord kind) {
  custom_.push_back({.kind = std::move(kind.name)});
  return {};
}

// The items of a kind follow it.
Result<void> BackupContents::custom_item(backup::CustomItemRecord item) {
  if (custom_.empty() || custom_.back().kind != item.kind)
    return fail(ErrorKind::invalid, "the item " + item.id + " does not follow its kind");
  ++custom_.back().items;
  return {};
}

Result<void> BackupContents::end_data(const backup::DataEnd& end) {
  data_.push_back(end);
  entries_ += end.count;
  return {};
}

Json BackupContents::json() const {
  Json code = Json::array();
  for (const backup::CodeHead& each : code_)
    code.push_back({{"sha256", each.sha256}, {"kind", each.kind}, {"bytes", each.size}});
  Json objects = Json::array();
  for (const Named& each : objects_)
    objects.push_back({{"name", each.name}, {"kind", each.kind}, {"runs", each.runs}});
  Json data = Json::array();
  for (const backup::DataEnd& each : data_) {
    const FilterName name = split_namespace(each.ns);
    data.push_back({{"pipeline", name.pipeline},
                    {"filter", name.filter},
                    {"keys", each.count},
                    {"storeVersion", each.version}});
  }
  Json custom = Json::array();
  for (const Custom& each : custom_) custom.push_back({{"kind", each.kind}, {"items", each.items}});
  return {
      {"formatVersion", custom_.empty() ? backup::kFormatVersion : backup::kFormatVersionCustom},
      {"programVersion", header_.program_version},
      {"member", header_.member},
      {"time", header_.time},
      {"bytes", bytes},
      {"entries", entries_},
      {"code", std::move(code)},
      {"objects", std::move(objects)},
      {"customData", std::move(custom)},
      {"data", std::move(data)}};
}

std::string BackupContents::text() const {
  std::string out = "backup of " + header_.time + ", member " + header_.member +
                    ", sluice-server " + header_.program_version + ", " + size_text(bytes) + "\n" +
                    summary() + "\n";
  std::vector<Row> rows{{"KIND", "NAME", "CONTENTS"}};
  for (const Named& each : objects_)
    rows.push_back({each.kind, each.name, each.runs ? "" : "did not run"});
  for (const backup::CodeHead& each : code_)
    rows.push_back({"code", each.sha256.substr(0, 12), size_text(each.size)});
  for (const Custom& each : custom_)
    rows.push_back({"custom data", each.kind, counted(each.items, "item")});
  for (const backup::DataEnd& each : data_)
    rows.push_back({"data", each.ns, counted(each.count, "key")});
  return out + format_table(rows);
}

std::string BackupContents::summary() const {
  return counted(objects_.size(), "object") + ", " +
         counted(code_.size(), "module of code", "modules of code") + ", " +
         (custom_.empty() ? "" : counted(custom_.size(), "kind") + " of custom data, ") +
         counted(entries_, "entry", "entries") + " of " + counted(data_.size(), "filter");
}

std::vector<std::string> BackupContents::failed() const {
  std::vector<std::string> labels;
  for (const Named& each : objects_) {
    if (!each.runs) labels.push_back(each.kind + " " + each.name);
  }
  return labels;
}

BytesProgress::BytesProgress(Invocation& invocation, std::string verb, std::uint64_t total)
    : line_(invocation.err, ::isatty(STDERR_FILENO) != 0), verb_(std::move(verb)), total_(total) {}

void BytesProgress::moved(std::size_t bytes) {
  bytes_ += bytes;
  if (!line_.is_due()) return;
  const double passed =
      std::max(std::chrono::duration<double>(Clock::now() - begin_).count(), 0.001);
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(bytes_) / passed);
  const std::string of = total_ > 0 ? " of " + size_text(total_) : "";
  line_.show(verb_ + " " + size_text(bytes_) + of + ", " + size_text(rate) + "/s");
}

void BytesProgress::now(std::string_view what) {
  line_.show(verb_ + " " + size_text(bytes_) + ", " + std::string(what));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"bytes", "KiB", "MiB", "GiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits.at(unit));
  return text.data();
}

Result<BackupContents> check_backup(Invocation& invocation, const std::string& path) {
  SLUICE_TRY(InputFile input, InputFile::open(path));
  BackupContents contents;
  backup::Reader reader(contents);
  BytesProgress progress(invocation, "checked");
  Result<void> read;
  while (read) {
    SLUICE_TRY(const std::string piece, input.read());
    contents.bytes += piece.size();
    progress.moved(piece.size());
    read = piece.empty() ? reader.finish() : reader.feed(piece);
    if (piece.empty()) break;
  }
  progress.end();
  if (read) return contents;
  return fail(ErrorKind::invalid, path + ": " + read.error().message);
}

}  // namespace sluice::egctl
