// SPDX-License-Identifier: Apache-2.0
#include "admin/data_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

using testing::ElementsAre;

TEST(ParseData, KeepsTheSourceSpelling) {
  const auto entries = parse_data("\nid/user4: \"true\"\ncounter: 100\nratio: 0.40\nflag: true\n");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 4U);
  EXPECT_EQ((*entries)[0].key, "id/user4");
  EXPECT_EQ((*entries)[0].value, "true");
  EXPECT_EQ((*entries)[1].value, "100");
  EXPECT_EQ((*entries)[2].value, "0.40");
  EXPECT_EQ((*entries)[3].value, "true");
}

TEST(ParseData, TakesJson) {
  const auto entries = parse_data(R"({"a": "x\ny", "b": 1.50})");
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0].value, "x\ny");
  EXPECT_EQ((*entries)[1].value, "1.50");
  EXPECT_TRUE(parse_data("{}")->empty());
}

TEST(ParseData, NamesEveryWrongKey) {
  const auto entries = parse_data("a: [1]\nb: {c: 1}\nd:\ne: 1\n\"\": 1\n");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().kind, ErrorKind::invalid);
  EXPECT_THAT(entries.error().details,
              ElementsAre("\"a\": is a list; a value is one text or number",
                          "\"b\": is a map; a value is one text or number",
                          "\"d\": has no value; write \"\" for an empty one",
                          "\"\": a key must not be empty"));
}

TEST(ParseData, RefusesWhatIsNoMap) {
  for (const char* text : {"", "~", "text", "- a", "a: 1\n---\nb: 2", "a: 1\na: 2"}) {
    EXPECT_FALSE(parse_data(text)) << text;
  }
}

std::string written(DataFormat format, const std::vector<std::vector<store::Entry>>& pages) {
  DataWriter writer(format);
  std::string out;
  for (const auto& page : pages) writer.write(page, out);
  writer.close(out);
  return out;
}

TEST(DataWriter, Yaml) {
  EXPECT_EQ(written(DataFormat::yaml, {{{"id/user1", "true"}}, {{"max", "1"}, {"t: u", "a\"b"}}}),
            "id/user1: \"true\"\nmax: \"1\"\n\"t: u\": \"a\\\"b\"\n");
  EXPECT_EQ(written(DataFormat::yaml, {{}}), "{}\n");
}

TEST(DataWriter, Json) {
  EXPECT_EQ(written(DataFormat::json, {{{"a", "1"}}, {{"b", "\xff"}}}),
            "{\n  \"a\": \"1\",\n  \"b\": \"\ufffd\"\n}\n");
  EXPECT_EQ(written(DataFormat::json, {{}}), "{}\n");
}

TEST(DataWriter, WhatIsWrittenCanBeApplied) {
  const std::vector<store::Entry> entries = {
      {"a", ""}, {"b: c", "x\ny"}, {std::string(3000, 'k'), "1"}};
  const auto back = parse_data(written(DataFormat::yaml, {entries}));
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ((*back)[i].key, entries[i].key);
    EXPECT_EQ((*back)[i].value, entries[i].value);
  }
}

}  // namespace
}  // namespace sluice::admin
