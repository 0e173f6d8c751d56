// SPDX-License-Identifier: Apache-2.0
#include "admin/data/writer.h"

#include <gtest/gtest.h>

#include "admin/data/reader.h"
#include "admin/data/testing/test_entries.h"

namespace sluice::admin {
namespace {

std::string written(DataFormat format, const Entries& entries) {
  DataWriter writer(format);
  std::string out;
  for (const auto& [key, value] : entries) writer.write(key, value, out);
  writer.close(out);
  return out;
}

TEST(DataWriter, Yaml) {
  EXPECT_EQ(written(DataFormat::yaml, {{"id/user1", "true"}, {"max", "1"}, {"t: u", "a\"b"}}),
            "id/user1: \"true\"\nmax: \"1\"\n\"t: u\": \"a\\\"b\"\n");
  EXPECT_EQ(written(DataFormat::yaml, {{"\xff", "\x80"}}),
            "!!binary \"/w==\": !!binary \"gA==\"\n");
  EXPECT_EQ(written(DataFormat::yaml, {}), "{}\n");
}

TEST(DataWriter, Json) {
  EXPECT_EQ(written(DataFormat::json, {{"a", "1"}, {"b", "\xff"}}),
            "{\n  \"a\": \"1\",\n  \"b\": \"\ufffd\"\n}\n");
  EXPECT_EQ(written(DataFormat::json, {}), "{}\n");
}

TEST(DataWriter, WhatIsWrittenCanBeRead) {
  const Entries entries = {{"a", ""}, {"b: c", "x\ny"}, {std::string(3000, 'k'), "1"}};
  for (const DataFormat format : {DataFormat::yaml, DataFormat::json}) {
    const auto back = read_all<DataReader>(written(format, entries));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, entries);
  }
}

TEST(DataWriter, AnyBytesComeBack) {
  std::mt19937 random(10);
  for (int i = 0; i < 1000; ++i) {
    const Entries entries = random_entries(random);
    const std::string text = written(DataFormat::yaml, entries);
    const auto back = read_all<DataReader>(text);
    ASSERT_TRUE(back) << text << "\n" << back.error().message;
    EXPECT_EQ(*back, entries) << text;
  }
}

}  // namespace
}  // namespace sluice::admin
