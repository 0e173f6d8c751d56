// SPDX-License-Identifier: Apache-2.0
// Covers: emit_flow.cc
#include "config/emit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/emit_flow.h"
#include "config/encoder.h"
#include "config/value.h"

namespace sluice::config {
namespace {

TEST(EmitYaml, ReadsLikeTheDocuments) {
  const Json spec = {{"kind", "HTTPServer"},
                     {"port", 10080},
                     {"keepAlive", true},
                     {"rules", {{{"paths", {{{"pathPrefix", "/flashsale"}, {"backend", "p"}}}}}}}};
  EXPECT_EQ(emit_yaml(spec),
            "keepAlive: true\n"
            "kind: HTTPServer\n"
            "port: 10080\n"
            "rules:\n"
            "- paths:\n"
            "  - backend: p\n"
            "    pathPrefix: /flashsale\n");
}

TEST(EmitYaml, EmptyContainersAndIndent) {
  EXPECT_EQ(emit_yaml(Json::object()), "{}\n");
  EXPECT_EQ(emit_yaml(Json::array()), "[]\n");
  EXPECT_EQ(emit_yaml(Json{{"a", {{"b", Json::array()}}}}, 2), "  a:\n    b: []\n");
}

TEST(EmitYaml, SeveralLinesAreABlock) {
  EXPECT_EQ(emit_yaml(Json{{"body", "one\n two\n\nthree\n"}}),
            "body: |\n  one\n   two\n\n  three\n");
  EXPECT_EQ(emit_yaml(Json{{"body", "one\ntwo"}}), "body: |-\n  one\n  two\n");
  EXPECT_EQ(emit_yaml(Json{{"body", "one line\n"}}), "body: \"one line\\n\"\n");
}

TEST(YamlScalar, PlainWhereSafe) {
  for (const char* text : {"flash-sale-pipeline", "/flashsale", "100ms", "1m30s", "id/user1",
                           "easegress.megaease.com/v2", "http://127.0.0.1:9095", "a b", "_x"}) {
    EXPECT_EQ(yaml_scalar(text), text);
  }
}

TEST(YamlScalar, QuotedWhereAmbiguous) {
  // clang-format off
  for (const char* text :
       {"", "true", "False", "NULL", "yes", "off", "~", "1", "-1", "0.40", "1e3", "0x1f", "0o7",
        ".5", ".inf", "2021-08-08", "2021-08-08T00:00:00+00:00", "12:30", " a", "a ", "a: b", "a:",
        "a #b", "#a", "- a", "-", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "{}", "[a]", "a,b",
        "'a'", "? a", "=", "<<", "---", "..."}) {
    EXPECT_EQ(yaml_scalar(text), '"' + std::string(text) + '"');
  }
  // clang-format on
}

TEST(YamlQuoted, EscapesWhatNobodySees) {
  EXPECT_EQ(yaml_quoted("a\"b\\c\n\t\r"), R"("a\"b\\c\n\t\r")");
  EXPECT_EQ(yaml_quoted(std::string("\0\x1b\x7f", 3)), R"("\x00\x1b\x7f")");
  EXPECT_EQ(yaml_quoted("\u00e9\u6771\u2028"), "\"\u00e9\u6771\\u2028\"");
  EXPECT_EQ(yaml_quoted("\xff\xc0\x80"), "\"\ufffd\ufffd\ufffd\"");
}

Json parse_back(const std::string& text) {
  const Result<Value> value = parse_document(text);
  EXPECT_TRUE(value.has_value()) << text << "\n" << value.error().message;
  return value ? Encoder::of(*value) : Json();
}

TEST(EmitYaml, RoundTrips) {
  // clang-format off
  const std::vector<Json> strings = {
      "", " ", "\n", "\n\n", "a\n", "a\n\n", "a\nb", "a\nb\n", " a\nb", "a \nb", "a\n b\n",
      "\na\nb", "a\n\nb", "a\n\tb", "a\r\nb", "# a\n# b", "- a\n- b", "a: b\nc: d", "true", "0.40",
      "1e3", "null", "~", "2021-08-08", "a: b", "'", "\"", "\\", "\u6771\u4eac", "{{.a}}", "%", "",
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "\x01",
      "You can buy the laptop for $1 now.\n"};
  // clang-format on
  Json everything = {{"list", strings}, {"nested", {{strings, Json::array(), Json::object()}}}};
  for (const Json& text : strings) {
    everything["map"][text.get<std::string>()] = text;
    everything["maps"].push_back({{"k", text}, {"l", {1, 2.5, true, nullptr, text}}});
    EXPECT_EQ(parse_back(emit_yaml(Json{{"x", text}})), (Json{{"x", text}}));
  }
  EXPECT_EQ(parse_back(emit_yaml(everything)), everything) << emit_yaml(everything);
}

TEST(EmitYaml, LongKeysRoundTrip) {
  const Json value = {{"a", {{std::string(3000, 'k'), "v"}, {"short", {{"b", 1}}}}}};
  EXPECT_EQ(parse_back(emit_yaml(value)), value);
}

TEST(EmitFlow, ParsesBackToWhatDecodesAlike) {
  const std::string text =
      "a: [0.40, \"0.40\", ~, true, 'true', -5, +1, .5, 0x1f, 1e3, .inf, 12:30, 2026-01-01]\n"
      "b: plain text, with it's # hash\nc: |+\n  kept\n\nd: '[x]'\n\"<<\": 1\n\"e: f\": {}\n" +
      ("? " + std::string(3000, 'k') + "\n: 😀\n");
  const auto document = parse_document(text);
  ASSERT_TRUE(document);
  const auto again = parse_document(emit_flow(*document));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(Encoder::of(*again), Encoder::of(*document));
  EXPECT_EQ(again->find("a")->items[0].scalar, "0.40");
  EXPECT_FALSE(again->find("a")->items[0].quoted);
  EXPECT_TRUE(again->find("a")->items[1].quoted);
  EXPECT_EQ(again->find("c")->scalar, "kept\n\n");
}

}  // namespace
}  // namespace sluice::config
