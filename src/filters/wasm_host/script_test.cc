// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/script.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice::filters {
namespace {

constexpr const char* kCode = "builtin:javascript";
constexpr const char* kText = "export function run() {\n}\n";

TEST(Script, InlineTextIsTheScript) {
  const auto bytes = read_script(script_source(kCode, kText));
  ASSERT_TRUE(bytes);
  const auto script = parse_script(*bytes);
  ASSERT_TRUE(script);
  EXPECT_EQ(script->language, "javascript");
  EXPECT_EQ(script->name, "script");
  EXPECT_EQ(script->text, kText);
}

TEST(Script, PathsAreToldFromTexts) {
  const auto path = [](const std::string& script) {
    return script_path(script_source(kCode, script)).value_or("");
  };
  EXPECT_EQ(path("sale.js"), "sale.js");
  EXPECT_EQ(path("scripts/a b.mjs\n"), "scripts/a b.mjs");
  EXPECT_EQ(path("/etc/sluice/sale"), "/etc/sluice/sale");
  EXPECT_EQ(path("../sale"), "../sale");
  EXPECT_EQ(path("sale.lua"), "sale.lua");
  EXPECT_EQ(path("export function run() {}"), "");
  EXPECT_EQ(path("-- a comment"), "");
  EXPECT_EQ(path("// a comment"), "");
  EXPECT_EQ(path("import './a.js'\nexport function run() {}"), "");
}

TEST(Script, EveryLanguageHasItsDocument) {
  EXPECT_EQ(builtin_codes(), "builtin:javascript or builtin:lua");
  for (const std::string_view language : script_languages()) {
    const auto bytes = read_script(script_source("builtin:" + std::string(language), "-- a\n"));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(parse_script(*bytes)->language, language);
  }
}

TEST(Script, ReadsResponsesIfItNamesTheFunction) {
  const auto reads = [](const std::string& text) {
    return script_reads_responses({.language = "lua", .name = "script", .text = text});
  };
  EXPECT_TRUE(reads("response.getBody()"));
  EXPECT_TRUE(reads("response.get_body()"));
  EXPECT_FALSE(reads("response.set_body(\"a\")"));
}

TEST(Script, FileIsReadWithItsPathAsName) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("script_test_" + std::to_string(getpid()) + ".js"))
          .string();
  std::ofstream(path) << kText;
  const auto bytes = read_script(script_source(kCode, path));
  std::filesystem::remove(path);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(parse_script(*bytes)->name, path);
  EXPECT_EQ(parse_script(*bytes)->text, kText);
  const auto gone = read_script(script_source(kCode, path));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message, path + " is missing");
}

TEST(Script, TooLongAndBinaryTextsAreRefused) {
  const std::string source = script_source(kCode, kText);
  EXPECT_TRUE(sent_script(source, std::string(kScriptBytesMax, ' ')));
  EXPECT_FALSE(sent_script(source, std::string(kScriptBytesMax + 1, ' ')));
  EXPECT_FALSE(sent_script(source, std::string("\0asm", 4)));
}

TEST(Script, ModulesAreNoDocuments) {
  EXPECT_FALSE(parse_script(std::string_view("\0asm\1\0\0\0", 8)));
  EXPECT_FALSE(parse_script(""));
  EXPECT_FALSE(parse_script("sluice script 1 javascript"));
  EXPECT_FALSE(parse_script("sluice script 1 javascript\nname text"));
  EXPECT_FALSE(parse_script("sluice script 1 ../../x script\ntext"));
}

}  // namespace
}  // namespace sluice::filters
