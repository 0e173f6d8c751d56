// SPDX-License-Identifier: Apache-2.0
// Covers: entry_line.cc, reader.cc, writer.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "backup/reader.h"
#include "backup/writer.h"

namespace sluice::backup {
namespace {

using ::testing::HasSubstr;

// Writes down the contents, one line for each call.
class Notes final : public Receiver {
 public:
  Result<void> header(const Header& header) override {
    return note("header " + header.member + " " + std::to_string(header.namespaces.size()));
  }
  Result<void> code(const CodeHead& head, std::string_view bytes) override {
    return note("code " + head.kind + " " + sha256_hex(bytes).substr(0, 4));
  }
  Result<void> object(ObjectRecord object) override {
    return note("object " + object.kind + " " + object.name + (object.runs ? " " : " failed ") +
                object.pins.dump() + object.spec.dump());
  }
  Result<void> custom_kind(CustomKindRecord kind) override {
    return note("kind " + kind.name + " " + kind.spec.dump());
  }
  Result<void> custom_item(CustomItemRecord item) override {
    return note("item " + item.kind + " " + item.id + " " + item.item.dump());
  }
  Result<void> begin_data(const std::string& ns) override { return note("data " + ns); }
  Result<void> entry(std::string_view key, std::string_view value) override {
    return note(std::string(key) + "=" + std::string(value));
  }
  Result<void> end_data(const DataEnd& end) override {
    return note("end " + end.ns + " " + std::to_string(end.count) + " at " +
                std::to_string(end.version));
  }
  std::vector<std::string> lines;

 private:
  Result<void> note(std::string line) {
    lines.push_back(std::move(line));
    return {};
  }
};

const std::string kCode("wasm\0asm", 8);

std::string backup_text() {
  Writer writer;
  std::string out;
  writer.begin({.program_version = "1",
                .member = "me",
                .time = "2026-01-02T03:04:05.678+00:00",
                .code = 1,
                .objects = 2,
                .namespaces = {"gone/wasm", "p/wasm"}},
               out);
  writer.begin_code({.sha256 = sha256_hex(kCode), .kind = "WasmHost", .size = kCode.size()}, out);
  writer.code_piece(std::string_view(kCode).substr(0, 4), out);
  writer.code_piece(std::string_view(kCode).substr(4), out);
  EXPECT_TRUE(writer.object({.name = "p",
                             .kind = "Pipeline",
                             .runs = true,
                             .pins = {{"wasm", "x"}},
                             .spec = {{"name", "p"}}},
                            out));
  EXPECT_TRUE(writer.object(
      {.name = "s", .kind = "HTTPServer", .runs = false, .pins = nullptr, .spec = Json::object()},
      out));
  writer.begin_data("gone/wasm", out);
  writer.end_data(0, out);
  writer.begin_data("p/wasm", out);
  writer.entry("id/1", "true", out);
  writer.entry("\xff", "a\"\n", out);
  writer.end_data(17, out);
  writer.end(out);
  return out;
}

// The error of reading `text` in pieces; "" if it is whole.
std::string fault_of(std::string_view text, std::size_t piece, Notes& notes) {
  Reader reader(notes);
  while (!text.empty()) {
    const std::string copy(text.substr(0, piece));
    if (const auto fed = reader.feed(copy); !fed) return fed.error().message;
    text.remove_prefix(copy.size());
  }
  const auto done = reader.finish();
  return done ? "" : done.error().message;
}

// The same for a receiver that takes everything. The pieces do not matter.
std::string fault_of(std::string_view text) {
  Notes whole;
  Notes bytes;
  std::string fault = fault_of(text, text.size() + 1, whole);
  EXPECT_EQ(fault, fault_of(text, 1021, bytes));
  EXPECT_EQ(whole.lines, bytes.lines);
  return fault;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line + "\n");
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// The text with the checksum of what it now says.
std::string sealed(std::string text) {
  const std::size_t end = text.rfind(R"({"end":)");
  const std::size_t place = text.find(R"("sha256":")", end) + 10;
  return text.replace(place, 64, sha256_hex(std::string_view(text).substr(0, end)));
}

TEST(Backup, ComesBack) {
  Notes notes;
  EXPECT_EQ(fault_of(backup_text(), 7, notes), "");
  EXPECT_EQ(notes.lines,
            (std::vector<std::string>{
                "header me 2", "code WasmHost " + sha256_hex(kCode).substr(0, 4),
                R"(object Pipeline p {"wasm":"x"}{"name":"p"})",
                "object HTTPServer s failed null{}", "data gone/wasm", "end gone/wasm 0 at 0",
                "data p/wasm", "id/1=true", "\xff=a\"\n", "end p/wasm 2 at 17"}));
}

std::string custom_text() {
  Writer writer;
  std::string out;
  writer.begin({.program_version = "1",
                .member = "me",
                .time = "now",
                .namespaces = {"p/wasm"},
                .custom = 3},
               out);
  writer.custom_kind({.name = "users", .spec = {{"name", "users"}}}, out);
  writer.custom_item("a\n1", "users", {{"name", "a"}}, out);
  writer.custom_item("b", "users", Json::object(), out);
  writer.begin_data("p/wasm", out);
  writer.end_data(0, out);
  writer.end(out);
  return out;
}

TEST(Backup, CustomDataComesBack) {
  Notes notes;
  EXPECT_EQ(fault_of(custom_text(), 7, notes), "");
  EXPECT_EQ(notes.lines,
            (std::vector<std::string>{"header me 1", R"(kind users {"name":"users"})",
                                      "item users a\n1 {\"name\":\"a\"}", "item users b {}",
                                      "data p/wasm", "end p/wasm 0 at 0"}));
  EXPECT_NE(custom_text().find(R"("formatVersion":2)"), std::string::npos)
      << "readers that know no custom data refuse it";
}

TEST(Backup, CustomDataIsCounted) {
  const auto lines = lines_of(custom_text());
  for (std::size_t i = 1; i <= 3; ++i) {
    auto less = lines;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_THAT(fault_of(sealed(joined(less))), HasSubstr("more or less")) << i;
    auto late = lines;
    std::swap(late[i], late[4]);
    EXPECT_NE(fault_of(sealed(joined(late))), "") << i;
  }
  auto broken = lines;
  broken[3] = R"({"customItem":"b","kind":"users","item":[]})"
              "\n";
  EXPECT_THAT(fault_of(sealed(joined(broken))), HasSubstr("the item is broken"));
  broken[3] = R"({"customKind":"b"})"
              "\n";
  EXPECT_THAT(fault_of(sealed(joined(broken))), HasSubstr("the kind is broken"));
}

TEST(Backup, IsJsonLines) {
  std::vector<Json> values;
  for (const std::string& line : lines_of(backup_text())) values.push_back(Json::parse(line));
  EXPECT_EQ(values.front(), (Json{{"format", "sluice-backup"},
                                  {"formatVersion", 1},
                                  {"programVersion", "1"},
                                  {"member", "me"},
                                  {"time", "2026-01-02T03:04:05.678+00:00"},
                                  {"code", 1},
                                  {"objects", 2},
                                  {"namespaces", {"gone/wasm", "p/wasm"}}}));
  Json end = values.back();
  EXPECT_EQ(end["sha256"].get<std::string>().size(), 64U);
  end.erase("sha256");
  EXPECT_EQ(end,
            (Json{{"end", true}, {"code", 1}, {"objects", 2}, {"namespaces", 2}, {"entries", 2}}));
}

TEST(Backup, RefusesEveryTruncation) {
  const std::string text = backup_text();
  EXPECT_EQ(fault_of(text.substr(0, text.size() - 1)), "") << "only the line break is missing";
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_NE(fault_of(text.substr(0, size)), "") << size;
}

TEST(Backup, RefusesEveryChangedByte) {
  const std::string text = backup_text();
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string changed = text;
    const std::size_t place = random() % text.size();
    changed[place] = static_cast<char>(changed[place] ^ (1 + random() % 255));
    if (place + 1 == text.size()) continue;  // the last line break
    EXPECT_NE(fault_of(changed), "") << place;
  }
}

TEST(Backup, RefusesAnotherOrder) {
  const auto lines = lines_of(backup_text());
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    auto swapped = lines;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_NE(fault_of(joined(swapped)), "") << i;
    auto less = lines;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(fault_of(joined(less)), "") << i;
    auto twice = lines;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    EXPECT_NE(fault_of(joined(twice)), "") << i;
  }
}

// With a right checksum, the structure still decides.
TEST(Backup, RefusesWhatNoWriterWrites) {
  const std::string text = backup_text();
  ASSERT_EQ(fault_of(sealed(text)), "");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t place = changed.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    changed.replace(place, from.size(), to);
    return fault_of(sealed(changed));
  };
  EXPECT_THAT(with("sluice-backup", "sluice-data"), HasSubstr("line 1: this is no backup"));
  EXPECT_THAT(with(R"("formatVersion":1)", R"("formatVersion":3)"),
              HasSubstr("by a newer version of Sluice (formatVersion 3, known here: 1 and 2)"));
  EXPECT_THAT(with(R"("formatVersion":1)", R"("formatVersion":0)"),
              HasSubstr("formatVersion 0 is not known here, 1 and 2 are"));
  EXPECT_THAT(with(R"({"data":"p/wasm"})", R"({"data":"q/wasm"})"), HasSubstr("other data"));
  EXPECT_THAT(with(R"("count":2)", R"("count":3)"), HasSubstr("does not fit"));
  EXPECT_THAT(with(R"("entries":2)", R"("entries":3)"), HasSubstr("more or less"));
  EXPECT_THAT(with(sha256_hex(kCode), sha256_hex("x")), HasSubstr("another hash"));
  EXPECT_THAT(with(R"("size":8)", R"("size":4)"), HasSubstr("another hash"));
  EXPECT_THAT(with(R"("size":8)", R"("size":99999999)"), HasSubstr("larger than 64 MiB"));
  EXPECT_THAT(with(R"("spec":{})", R"("spec":[])"), HasSubstr("the object is broken"));
  EXPECT_THAT(
      with(R"("spec":{})", R"("spec":{"a":)" + std::string(200, '[') + std::string(200, ']') + "}"),
      HasSubstr("the object is broken"));
  EXPECT_THAT(with(R"({"key":"id/1")", R"({"kez":"id/1")"), HasSubstr("no line of a backup"));
  EXPECT_THAT(with(R"({"end":true,"code":1)", R"({"end":true,"code":2)"),
              HasSubstr("more or less"));
}

TEST(Backup, RefusesForeignFiles) {
  EXPECT_EQ(fault_of(""), "the file is empty");
  EXPECT_THAT(fault_of("\n"), HasSubstr("line 1: this is no backup"));
  EXPECT_THAT(fault_of("name: p\nkind: Pipeline\n"), HasSubstr("line 1: this is no backup"));
  EXPECT_THAT(fault_of(backup_text() + "{}\n"), HasSubstr("more behind the end"));
  EXPECT_THAT(fault_of(std::string(kLineBytesMax + 1, 'x')),
              HasSubstr("line 1: the line is longer than 64 MiB"));
}

TEST(Backup, WritesNoLineThatCannotBeRead) {
  Writer writer;
  std::string out;
  const auto written = writer.object({.name = "big",
                                      .kind = "Pipeline",
                                      .runs = true,
                                      .pins = nullptr,
                                      .spec = {{"text", std::string(kLineBytesMax, 'x')}}},
                                     out);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::too_large);
  EXPECT_EQ(out, "");
}

TEST(Backup, AnErrorOfTheReceiverNamesTheLine) {
  class Refuses final : public Receiver {
    Result<void> begin_data(const std::string&) override {
      return fail(ErrorKind::unavailable, "no");
    }
  } refuses;
  Reader reader(refuses);
  const auto fed = reader.feed(backup_text());
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(fed.error().message, "line 7: no");
}

}  // namespace
}  // namespace sluice::backup
