// SPDX-License-Identifier: Apache-2.0
// Covers: export_reader.cc, export_writer.cc
#include "admin/data/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/data/testing/test_entries.h"
#include "base/json.h"

namespace sluice::admin {
namespace {

using testing::HasSubstr;

std::string exported(const Entries& entries) {
  ExportWriter writer;
  std::string out;
  writer.begin("p", "wasm", std::chrono::system_clock::time_point(), out);
  for (const auto& [key, value] : entries) writer.write(key, value, out);
  writer.end(17, out);
  return out;
}

const Entries kEntries = {{"a", "1"}, {"\xff", "\x80"}, {"q\"", "x\ny"}};

TEST(Export, IsJsonLines) {
  std::istringstream lines(exported(kEntries));
  std::string line;
  std::vector<Json> values;
  while (std::getline(lines, line)) values.push_back(Json::parse(line));
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values[0], (Json{{"format", "sluice-data"},
                             {"formatVersion", 1},
                             {"pipeline", "p"},
                             {"filter", "wasm"},
                             {"time", "1970-01-01T00:00:00.000+00:00"}}));
  EXPECT_EQ(values[1], (Json{{"key", "a"}, {"value", "1"}}));
  EXPECT_EQ(values[2], (Json{{"key64", "/w=="}, {"value64", "gA=="}}));
  EXPECT_EQ(values[4]["count"], 3);
  EXPECT_EQ(values[4]["storeVersion"], 17);
  EXPECT_EQ(values[4]["sha256"].get<std::string>().size(), 64U);
}

TEST(Export, AnyBytesComeBack) {
  std::mt19937 random(20);
  for (int i = 0; i < 1000; ++i) {
    const Entries entries = random_entries(random);
    const auto back = read_all<ExportReader>(exported(entries));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, entries);
  }
}

TEST(Export, RefusesEveryTruncation) {
  const std::string text = exported(kEntries);
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_FALSE(read_all<ExportReader>(text.substr(0, size))) << size;
  }
  EXPECT_TRUE(read_all<ExportReader>(text.substr(0, text.size() - 1))) << "only the line break";
  EXPECT_THAT(refusal<ExportReader>(text.substr(0, text.find("{\"end\""))),
              HasSubstr("cut off after line 4"));
  EXPECT_EQ(refusal<ExportReader>(""), "the file is empty");
}

TEST(Export, RefusesEveryAlteredByte) {
  const std::string text = exported(kEntries);
  const std::size_t last = text.find("{\"end\"");
  for (std::size_t at = 0; at < text.size() - 1; ++at) {
    // The store's version is informational: an altered one is not refused.
    if (at >= text.find("storeVersion") && at < text.find("sha256")) continue;
    std::string altered = text;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    if (at > last &&
        Json::parse(altered.substr(last), nullptr, false) == Json::parse(text.substr(last))) {
      continue;
    }
    EXPECT_FALSE(read_all<ExportReader>(altered)) << altered;
  }
}

TEST(Export, SaysWhatIsWrong) {
  const std::string text = exported(kEntries);
  const std::size_t second = text.find('\n') + 1;
  const std::size_t third = text.find('\n', second) + 1;
  EXPECT_THAT(refusal<ExportReader>(text.substr(0, second) + text.substr(third)),
              HasSubstr("line 4: the file was altered: it holds 2 entries, and should hold 3"));
  std::string miscounted = text;
  miscounted.replace(miscounted.find("\"count\":3"), 9, "\"count\":4");
  EXPECT_THAT(refusal<ExportReader>(miscounted),
              HasSubstr("it holds 3 entries, and should hold 4"));
  EXPECT_THAT(refusal<ExportReader>(text.substr(0, third) + "x" + text.substr(third)),
              HasSubstr("line 3: this is no entry"));
  EXPECT_THAT(refusal<ExportReader>(text + "{}\n"), HasSubstr("line 6: there is more"));
  std::string altered = text;
  altered.replace(altered.find("\"1\""), 3, "\"2\"");
  EXPECT_THAT(refusal<ExportReader>(altered), HasSubstr("its checksum is wrong"));
  EXPECT_THAT(refusal<ExportReader>("a: b\n"), HasSubstr("no file of export-data"));
  std::string newer = text;
  newer.replace(newer.find(":1,"), 3, ":2,");
  EXPECT_THAT(refusal<ExportReader>(newer),
              HasSubstr("by a newer version of Sluice (formatVersion 2, known here: 1)"));
  newer.replace(newer.find(":2,"), 3, ":0,");
  EXPECT_THAT(refusal<ExportReader>(newer), HasSubstr("formatVersion 0 is not known here, 1 is"));
}

}  // namespace
}  // namespace sluice::admin
