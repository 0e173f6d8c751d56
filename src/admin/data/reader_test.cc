// SPDX-License-Identifier: Apache-2.0
// Covers: json_reader.cc, slow_entries.cc, yaml_line.cc, yaml_reader.cc
#include "admin/data/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/data/testing/test_entries.h"
#include "admin/data/writer.h"
#include "admin/data/yaml_line.h"
#include "config/value.h"

namespace sluice::admin {
namespace {

using testing::HasSubstr;

Result<Entries> read(std::string_view text) { return read_all<DataReader>(text); }

Entries must_read(std::string_view text) {
  auto entries = read(text);
  EXPECT_TRUE(entries) << text << "\n" << entries.error().message;
  return entries.value_or(Entries{});
}

TEST(DataReader, KeepsTheSourceSpelling) {
  EXPECT_EQ(must_read("\nid/user4: \"true\"\ncounter: 100\nratio: 0.40\nflag: true\nyes: no"),
            (Entries{{"id/user4", "true"},
                     {"counter", "100"},
                     {"ratio", "0.40"},
                     {"flag", "true"},
                     {"yes", "no"}}));
}

TEST(DataReader, YamlOnOneLine) {
  EXPECT_EQ(
      must_read("# list\na:b: c:d # e\n\r\n'it''s' : \"x\\ny \\u00e4\\x07\"\r\n/: -1\n\"\": ''\n"),
      (Entries{{"a:b", "c:d"}, {"it's", "x\ny \u00e4\x07"}, {"/", "-1"}, {"", ""}}));
  EXPECT_EQ(must_read("a: !!binary \"/wA=\"\n!!binary gA==: b\n"),
            (Entries{{"a", std::string("\xff\0", 2)}, {"\x80", "b"}}));
  EXPECT_EQ(must_read("\xef\xbb\xbf"
                      "a: b#c\n...\n# the end\n"),
            (Entries{{"a", "b#c"}}));
}

TEST(DataReader, WhatNeedsTheYamlParser) {
  EXPECT_EQ(must_read("a: |\n  x\n  # y\nb: \"p\n  q\"\n? c\n: d\ne:\n  f\n# g\nh: \"\\a\"\n"),
            (Entries{{"a", "x\n# y\n"}, {"b", "p q"}, {"c", "d"}, {"e", "f"}, {"h", "\a"}}));
  EXPECT_EQ(must_read("---\n  a: &x 1\n  b: *x\n  c: 2\n"),
            (Entries{{"a", "1"}, {"b", "1"}, {"c", "2"}}));
  EXPECT_EQ(must_read("--- {a: 1,\n b: 2}\n"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(must_read("a: !!binary |\n  AAEC\n  /w==\n"),
            (Entries{{"a", std::string("\0\1\2\xff", 4)}}));
}

TEST(DataReader, Json) {
  EXPECT_EQ(must_read(R"( {"a": "x\ny,}", "b": 1.50, "c":"\ud83d\ude00" , "d": true} )"),
            (Entries{{"a", "x\ny,}"}, {"b", "1.50"}, {"c", "\U0001f600"}, {"d", "true"}}));
  EXPECT_EQ(must_read("{a: b c, 'd, e': \"f\", g\"h: i}"),
            (Entries{{"a", "b c"}, {"d, e", "f"}, {"g\"h", "i"}}));
  EXPECT_EQ(must_read(R"({"a\\": "\\", "}": "\"\\"})"), (Entries{{"a\\", "\\"}, {"}", "\"\\"}}));
  EXPECT_TRUE(must_read("{}").empty());
  EXPECT_TRUE(must_read("\n{ }\n").empty());
}

TEST(DataReader, OfAKeyThatComesTwiceBothAreHandedOn) {
  EXPECT_EQ(must_read("a: 1\na: 2"), (Entries{{"a", "1"}, {"a", "2"}}));
}

TEST(DataReader, ErrorsNameTheLine) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a: 1\n\nb\n", "line 3: not `key: value`"},
      {"a: 1\nb: [2]\n", "line 2: \"b\" is a list"},
      {"a: 1\nb: {c: 2}\n", "line 2: \"b\" is a map"},
      {"a: 1\nb:\n# c\nd: 1", "line 2: \"b\" has no value"},
      {"a: 1\nb: ~", "line 2: \"b\" has no value"},
      {"a: 1\nb: null # c", "line 2: \"b\" has no value"},
      {"a: 1\n~: 2", "line 2: a key is empty or null"},
      {"a: 1\nb: \"c\nd: e", "line 2: the quote \" is not closed"},
      {"a: 1\nb: \"c\n\n# d\n", "line 2: the quote \" is not closed"},
      {"a: 1\nb: c: d\n", "line 2"},
      {"a: 1\nb: \"c\"d\n", "line 2"},
      {"a: 1\n<<: 2\n", "line 2: << takes a map, or a list of maps"},
      {"a: 1\nb: \xff\n", "line 2: the text is not UTF-8"},
      {"a: 1\nb: \x01\n", "line 2: control characters"},
      {"a: 1\nb: *x\n", "line 2"},
      {"  a: 1\nb: 2\n", "line 2: is indented less"},
      {"a: 1\n---\nb: 2\n", "line 2: one document is wanted"},
      {"a: 1\n...\nb: 2\n", "line 3: the document has ended"},
      {"a: !!binary \"a\"", "line 1: \"a\" is not base64"},
      {"- a\n", "line 1: not `key: value`"},
      {"text", "line 1: not `key: value`"},
      {"", "there is no data"},
      {" \n# nothing\n", "there is no data"},
      {"---\n", "there is no data"},
      {"{\"a\": 1,\n\"b\": null}", "line 2: \"b\" has no value"},
      {"{\"a\": 1,\n\"b\": {\"c\": 1}}", "line 2: \"b\" is a map"},
      {"{\"a\": 1,\n,\"b\": 2}", "line 2: an entry is missing"},
      {"{\"a\": 1,\n\"b\": 2", "line 2: the data ends in the middle"},
      {"{\"a\": 1}\n}", "line 2: the data has ended"},
      {"{\"a\": \"\xff\"}", "line 1: the text is not UTF-8"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_THAT(refusal<DataReader>(text), HasSubstr(expected)) << text;
}

// YAML has no pairs of surrogates: the fast way leaves them to the parser, which refuses them.
TEST(DataReader, HalfOfASurrogatePairIsNoCharacter) {
  EXPECT_FALSE(read("a: \"\\ud83d\"\n"));
  EXPECT_FALSE(read("a: \"\\ud83d\\ude00\"\n"));
}

TEST(DataReader, AnErrorOfTheTakerEndsTheReading) {
  for (const std::string text : {"a: 1\nb: 2\n", "{\"a\": 1,\n\"b\": 2}", "a: 1\nb:\n  2\n"}) {
    DataReader reader([](std::string_view key, std::string_view) -> Result<void> {
      if (key == "b") return fail(ErrorKind::too_large, "too long");
      return {};
    });
    auto done = reader.feed(text);
    if (done) done = reader.finish();
    ASSERT_FALSE(done) << text;
    EXPECT_EQ(done.error().kind, ErrorKind::too_large);
    EXPECT_EQ(done.error().message, "line 2: too long");
  }
}

TEST(DataReader, BoundsWhatItHolds) {
  const std::string piece(1 << 20, 'x');
  for (const std::string head : {"", "a: b\n", "a: |\n  ", "a: \"", "{\"a\": \"", "{ a: [", " "}) {
    for (const std::string between : {"", "\n  "}) {
      DataReader reader([](std::string_view, std::string_view) { return Result<void>(); });
      Result<void> fed = reader.feed(head);
      for (int i = 0; fed && i < 40; ++i) fed = reader.feed(piece + between);
      ASSERT_FALSE(fed) << head << between;
      EXPECT_EQ(fed.error().kind, ErrorKind::too_large) << fed.error().message;
    }
  }
}

// The fast way returns the parser's result for every line that it accepts.
TEST(DataReader, TheFastWayAgreesWithTheParser) {
  std::mt19937 random(11);
  int taken = 0;
  for (int i = 0; i < 60000; ++i) {
    const std::string line = random_text(random) + ": " + random_text(random);
    store::Entry entry;
    if (line.starts_with("---") || line.starts_with("...") || line.starts_with(' ')) continue;
    if (line.find("!!binary") != std::string::npos || !parse_yaml_line(line, entry)) continue;
    ++taken;
    const auto document = config::parse_document(line);
    ASSERT_TRUE(document) << line << "\n" << document.error().message;
    ASSERT_EQ(document->members.size(), 1U) << line;
    EXPECT_EQ(document->members[0].key, entry.key) << line;
    EXPECT_EQ(document->members[0].value.scalar, entry.value) << line;
    EXPECT_EQ(document->members[0].value.kind, config::Value::Kind::scalar) << line;
  }
  EXPECT_GT(taken, 1000);
}

// Any input leads to a result, valid or not, without a crash.
TEST(DataReader, SurvivesDamage) {
  std::mt19937 random(12);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    DataWriter writer(i % 2 == 0 ? DataFormat::yaml : DataFormat::json);
    for (const auto& [key, value] : random_entries(random)) writer.write(key, value, text);
    writer.close(text);
    for (unsigned n = 0; n < 3; ++n) text[random() % text.size()] = static_cast<char>(random());
    const auto whole = read_in_pieces<DataReader>(text, text.size());
    const auto parts = read_in_pieces<DataReader>(text, 1 + random() % 30);
    ASSERT_EQ(whole.has_value(), parts.has_value()) << text;
    EXPECT_EQ(whole.value_or(Entries{}), parts.value_or(Entries{})) << text;
    EXPECT_EQ(whole ? "" : whole.error().message, parts ? "" : parts.error().message) << text;
  }
}

}  // namespace
}  // namespace sluice::admin
