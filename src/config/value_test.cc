// SPDX-License-Identifier: Apache-2.0
// Covers: source_text.cc
#include "config/value.h"

#include <gtest/gtest.h>

#include "config/encoder.h"

namespace sluice::config {
namespace {

std::string json_of(std::string_view text) {
  const auto document = parse_document(text);
  return document ? Encoder::of(*document).dump() : "error: " + document.error().message;
}

std::string error_of(std::string_view text, ParseLimits limits = {}) {
  const auto documents = parse_documents(text, limits);
  return documents ? "no error" : documents.error().message;
}

std::size_t count_of(std::string_view text) {
  const auto documents = parse_documents(text);
  return documents ? documents->size() : 999;
}

TEST(ParseDocument, ReadsBlockAndFlowStyle) {
  EXPECT_EQ(json_of("name: a\nlist:\n- 1\n- x: true\n"), R"({"list":[1,{"x":true}],"name":"a"})");
  EXPECT_EQ(json_of(R"({"name":"a","list":[1,{"x":null}],"t":"\t"})"),
            R"({"list":[1,{"x":null}],"name":"a","t":"\t"})");
}

TEST(ParseDocument, KeepsSourceSpelling) {
  const auto document = parse_document("a: 0.40\nb: \"0.40\"\nc: |\n  text\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("a")->scalar, "0.40");
  EXPECT_FALSE(document->find("a")->quoted);
  EXPECT_TRUE(document->find("b")->quoted);
  EXPECT_EQ(document->find("c")->scalar, "text\n");
  EXPECT_TRUE(document->find("c")->quoted);
  EXPECT_EQ(document->find("d"), nullptr);
}

TEST(ParseDocument, ReadsJsonAsProgramsWriteIt) {
  EXPECT_EQ(json_of("{\n\t\"a\":1,\n\t\"b\":[]\n}\n"), R"({"a":1,"b":[]})");
  EXPECT_EQ(json_of(R"({"a":"\/\u00e9\ud83d\ude00\\ud83d"})"), R"({"a":"/é😀\\ud83d"})");
  EXPECT_EQ(json_of("\xef\xbb\xbf{\"a\": 1}"), R"({"a":1})");
}

TEST(ParseDocument, ExpandsAliases) {
  EXPECT_EQ(json_of("a: &x {k: [1]}\nb: *x\nc: &y text\nd: *y\n"),
            R"({"a":{"k":[1]},"b":{"k":[1]},"c":"text","d":"text"})");
  EXPECT_EQ(error_of("a: &x [*x]\n"), "line 1, column 8: the alias refers to itself");
}

TEST(ParseDocument, RefusesWhatIsNotOneDocument) {
  EXPECT_EQ(json_of(""), "error: the document is empty");
  EXPECT_EQ(json_of("# a comment\n---\n"), "error: the document is empty");
  EXPECT_EQ(json_of("a\n---\nb\n"), "error: one document is wanted, these are 2; remove ---");
}

TEST(ParseDocuments, AliasesReferToAnchorsOfTheirDocument) {
  EXPECT_EQ(error_of("a: &x 1\n---\na: &x 2\nb: *x\n"), "no error");
  EXPECT_EQ(error_of("a: &x 1\n---\nb: &y [*y]\n"), "line 3, column 8: the alias refers to itself");
}

TEST(ParseDocuments, SplitsAtMarkers) {
  EXPECT_EQ(count_of("---\na: 1\n---\n# nothing\n---\nb: 2\n---\n"), 2U);
  EXPECT_EQ(count_of("a: 1\n...\n---\nb: 2\n"), 2U);
  EXPECT_EQ(count_of("\xef\xbb\xbf"
                     "a: 1\n---\nb: 2\n"),
            2U);
  EXPECT_EQ(count_of("a: 1\r\n---\r\nb: é\r\n---\r\nc: 3\r\n"), 3U);
}

TEST(ParseDocuments, RefusesTextAfterTheEnd) {
  EXPECT_EQ(error_of("{a: 1} {b: 2}"),
            "line 1, column 8: the document has ended before this; put --- between documents");
}

TEST(ParseDocuments, ErrorsTellThePlace) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "line 3, column 1: the key \"a\" is given twice");
  EXPECT_EQ(error_of("{\"a\": 1, \"a\": 2}"), "line 1, column 10: the key \"a\" is given twice");
  EXPECT_EQ(error_of("? [a]\n: 1\n"), "line 1, column 3: a key must be text, not a list or a map");
  EXPECT_EQ(error_of("~: 1\n"), "line 1, column 1: a key is empty or null; write it in quotes");
  EXPECT_EQ(error_of("a: !!binary abcd\n"),
            "line 1, column 4: the tag \"tag:yaml.org,2002:binary\" is not supported");
  EXPECT_TRUE(error_of("a: 1\n\tb: 2\n").starts_with("line 2, column "));
}

TEST(ParseDocuments, NamesTheBracketThatIsNotClosed) {
  EXPECT_EQ(error_of("a: [1, 2\n"), "line 1, column 4: the [ is not closed by a ]");
  EXPECT_EQ(error_of("{name: x, kind: Pipeline\n"), "line 1, column 1: the { is not closed by a }");
  EXPECT_EQ(error_of("a: 1\nb: {c: [1, 2], d: 3\ne: 4\n"),
            "line 2, column 4: the { is not closed by a }");
  EXPECT_EQ(error_of("[1, {2: 3}, [4]\n"), "line 1, column 1: the [ is not closed by a ]");
  EXPECT_EQ(error_of("{\"a\": \"}\", \"b\": [1, \"]\""),
            "line 1, column 17: the [ is not closed by a ]");
  // The brackets are closed, so the parser's own reason stands.
  EXPECT_EQ(error_of("{a: 1, a: [x, '}']}"), "line 1, column 8: the key \"a\" is given twice");
}

TEST(ParseDocuments, RefusesAQuoteThatIsNotClosed) {
  for (const std::string_view end : {"\"text", "\"text\n", "\"text\n\n", "\"text\n  more\n",
                                     "\"a\\\"", "\"a\\\"\n", "!!str \"text\n", "&x \"text\n"}) {
    EXPECT_NE(error_of("a: 1\nb: " + std::string(end)), "no error") << end;
  }
  for (const std::string_view end : {"'text\n", "'it''s\n", "'\n"}) {
    EXPECT_EQ(error_of("a: 1\nb: " + std::string(end)),
              "line 2, column 4: the quote ' is not closed")
        << end;
  }
  // The parser's own reason would be the end of the text.
  for (const std::string_view end : {"\"text", "\"text\n", "\"a\\\"", "\"text # \nc: it's\n",
                                     "!!str \"text\n", "\"x\n---\ny: \"z\"\n"}) {
    EXPECT_EQ(error_of("a: it's 5\"\nb: " + std::string(end)).substr(0, 14), "line 2, column")
        << end;
    EXPECT_TRUE(
        error_of("a: it's 5\"\nb: " + std::string(end)).ends_with("the quote \" is not closed"))
        << end;
  }
  EXPECT_EQ(error_of("{\"a\": \"b\", \"c: 1}"), "line 1, column 12: the quote \" is not closed");
  EXPECT_EQ(error_of("a: \"x\" # it's\n"), "no error");
  EXPECT_EQ(error_of("a: 'x'' \"'\nb: \"it's\"\n"), "no error");
  EXPECT_EQ(error_of("a: |\n  \"x\n"), "no error");
}

TEST(ParseDocuments, MergesMaps) {
  EXPECT_EQ(json_of("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n"),
            R"({"a":{"b":1,"c":2},"d":{"b":1,"c":3}})");
  EXPECT_EQ(json_of("a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {b: 0, <<: [*x, *y]}\n"),
            R"({"a":{"b":1},"c":{"b":2,"d":3},"e":{"b":0,"d":3}})");
  EXPECT_EQ(json_of("a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}\n"),
            R"({"a":{"b":1},"c":{"b":2,"d":3},"e":{"b":1,"d":3}})");
  EXPECT_EQ(json_of("a: {\"<<\": 1}\n"), R"({"a":{"<<":1}})");
  EXPECT_EQ(error_of("a: {<<: 1}\n"), "line 1, column 9: << takes a map, or a list of maps");
  EXPECT_TRUE(error_of("a: {<<: }\n").ends_with("<< takes a map, or a list of maps"));
  EXPECT_EQ(error_of("a: &x {b: 1}\nc: {<<: *x, <<: *x}\n"),
            "line 2, column 13: the key \"<<\" is given twice");
}

TEST(ParseDocuments, AcceptsCoreTags) {
  EXPECT_EQ(json_of("[!!str 12, !!int \"12\", ! x]"), R"(["12",12,"x"])");
}

TEST(ParseDocuments, RefusesBytesThatAreNoText) {
  EXPECT_EQ(error_of(std::string("a: b\n\0c", 7)),
            "line 2, column 1: control characters must be escaped, as in \"\\x04\"");
  EXPECT_EQ(error_of("a: 1\nb: \x04\nc: 3\n"),
            "line 2, column 4: control characters must be escaped, as in \"\\x04\"");
  for (const std::string_view bytes : {"\xff\xfe", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xe2\x82", "\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80"}) {
    EXPECT_EQ(error_of(bytes), "line 1, column 1: the text is not UTF-8");
  }
}

TEST(ParseDocuments, RefusesEscapesThatTheParserGetsWrong) {
  EXPECT_EQ(error_of("a: \"x\\N\""),
            "line 1, column 4: write \\u0085 for \\N, and \\u00a0 for \\_");
  EXPECT_EQ(json_of("a: \"\\u0085\\u00a0\\L\""), "{\"a\":\"\u0085\u00a0\u2028\"}");
}

TEST(ParseLimits, BoundTheText) {
  EXPECT_EQ(error_of("abcdef", {.bytes_max = 5}), "the text is longer than 5 bytes");
}

TEST(ParseLimits, BoundTheDepth) {
  EXPECT_EQ(error_of("[[[1]]]", {.depth_max = 3}), "no error");
  EXPECT_EQ(error_of("[[[1]]]", {.depth_max = 2}), "line 1, column 3: nested deeper than 2 levels");
  EXPECT_EQ(error_of("- &a [[1]]\n- [*a]\n", {.depth_max = 3}),
            "line 2, column 4: nested deeper than 3 levels");
  EXPECT_NE(error_of(std::string(1'000'000, '[')), "no error");
  EXPECT_NE(error_of(std::string(100'000, '{')), "no error");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_NE(error_of(dashes), "no error");
}

TEST(ParseLimits, BoundTheExpansionOfAliases) {
  std::string bomb = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "- &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_TRUE(error_of(bomb).ends_with("aliases stand for more than 100000 values"));

  std::string many = "- &a [x" + std::string(998, ',') + "]\n";
  for (std::size_t at = many.find(','); at != std::string::npos; at = many.find(',', at + 3))
    many.insert(at + 1, " x");
  for (int i = 0; i < 100; ++i) many += "- *a\n";
  EXPECT_EQ(error_of(many), "no error");
  EXPECT_TRUE(error_of(many + "- *a\n").ends_with("aliases stand for more than 100000 values"));

  EXPECT_EQ(error_of(std::string(2'000'000, '[')), "more than 10000 brackets are open at once");
  EXPECT_EQ(error_of("a: |\n  " + std::string(5'000, '[') + "\n"), "no error");

  std::string wide = "- &a " + std::string(1 << 20, 'x') + "\n";
  for (int i = 0; i < 100; ++i) wide += "- *a\n";
  EXPECT_TRUE(error_of(wide).ends_with("bytes of values"));
}

TEST(ParseLimits, BoundTheValues) {
  EXPECT_EQ(error_of("[1, 2, 3]", {.values_max = 4}), "no error");
  EXPECT_EQ(error_of("[1, 2, 3]", {.values_max = 3}), "line 1, column 8: more than 3 values");
}

TEST(ParseDocuments, IsFastEnoughForManyMembers) {
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "key" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  const auto document = parse_document(text);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->members.size(), 20'000U);
}

}  // namespace
}  // namespace sluice::config
