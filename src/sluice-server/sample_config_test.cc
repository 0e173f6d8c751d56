// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/sample_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "sluice-server/options.h"

namespace sluice::server_program {
namespace {

std::vector<std::string> keys_of_options() {
  std::vector<std::string> keys;
  const auto collect = [&keys]<class T>(std::string_view key, T&, const config::Rule&,
                                        OptionUse = {}) { keys.emplace_back(key); };
  Options().each(collect);
  return keys;
}

std::vector<std::string> lines_of_sample() {
  std::istringstream text(sample_config());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(SampleConfig, HasEveryOptionAndNoOtherInTheOrderOfTheList) {
  std::vector<std::string> keys;
  for (const std::string& line : lines_of_sample())
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ')
      keys.push_back(line.substr(1, line.find(':') - 1));
  EXPECT_EQ(keys, keys_of_options());
}

TEST(SampleConfig, IsAnEmptyFileForAParser) {
  for (const std::string& line : lines_of_sample())
    EXPECT_TRUE(line.empty() || line.starts_with('#')) << line;
}

TEST(SampleConfig, LinesAreNarrow) {
  for (const std::string& line : lines_of_sample()) EXPECT_LE(line.size(), 100U) << line;
}

TEST(SampleConfig, SaysHowAnOptionIsGiven) {
  const std::string text = sample_config();
  EXPECT_THAT(text, testing::HasSubstr(
                        "\n\n# lines of both logs; servers with accessLogFormat keep theirs\n"
                        "# --log-format, EG_LOG_FORMAT; text or json\n"
                        "#log-format: text\n"));
  EXPECT_THAT(text, testing::HasSubstr("# only in this file; reload\n#basic-auth: {}\n"));
}

}  // namespace
}  // namespace sluice::server_program
