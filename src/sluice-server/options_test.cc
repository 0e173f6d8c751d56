// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/memory_size.h"
#include "sluice-server/command_line.h"
#include "sluice-server/flags.h"
#include "sluice-server/options_update.h"

namespace sluice::server_program {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

struct Entry {
  std::string key;
  OptionUse use;
};

std::vector<Entry> entries() {
  std::vector<Entry> list;
  const auto collect = [&list]<class T>(std::string_view key, T&, const config::Rule&,
                                        OptionUse use = {}) {
    list.push_back({std::string(key), use});
  };
  Options().each(collect);
  return list;
}

// Keeps the tests independent of the EG_ variables of the environment, and cleans up its own.
class OptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const Entry& entry : entries()) ::unsetenv(variable_of(entry.key).c_str());
    ::unsetenv("EG_CONFIG_FILE");
  }
  void TearDown() override {
    SetUp();
    std::filesystem::remove(file_);
  }

  static Result<Options> read(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "sluice-server");
    return read_options(arguments);
  }
  Result<Options> read_file(const std::string& text, std::vector<std::string> arguments = {}) {
    std::ofstream(file_) << text;
    arguments.insert(arguments.end(), {"--config-file", file_});
    return read(std::move(arguments));
  }
  static std::string error(const Result<Options>& read) { return read ? "" : read.error().message; }

  const std::string file_ = testing::TempDir() + "options_test_" + std::to_string(::getpid());
};

TEST_F(OptionsTest, EveryOptionHasAFlagAndAVariableUnlessItIsOfTheFileOnly) {
  CLI::App app;
  const Flags flags(app);
  std::size_t count = 0;
  for (const auto& [key, use] : entries()) {
    const CLI::Option* option = app.get_option_no_throw("--" + key);
    EXPECT_EQ(option == nullptr, use.file_only) << key;
    if (option == nullptr) continue;
    ++count;
    EXPECT_EQ(option->get_envname(), variable_of(key));
    EXPECT_FALSE(option->get_description().empty()) << key;
  }
  EXPECT_EQ(app.get_options().size(), count + 1) << "--help is the only other one";
  EXPECT_EQ(variable_of("initial-object-config-files"), "EG_INITIAL_OBJECT_CONFIG_FILES");
}

TEST_F(OptionsTest, NothingGivenLeavesTheDefaults) {
  const auto options = read({});
  ASSERT_TRUE(options) << error(options);
  EXPECT_EQ(config::encode(*options), config::encode(Options{}));
}

TEST_F(OptionsTest, AFlagBeatsAVariableAndAVariableTheFile) {
  ::setenv("EG_WORKERS", "5", 1);
  ::setenv("EG_NAME", "variable", 1);
  const auto options = read_file("{name: file, workers: 3, max-guests: 7, debug: true}",
                                 {"--name", "flag", "--debug=false"});
  ASSERT_TRUE(options) << error(options);
  EXPECT_EQ(options->name, "flag");
  EXPECT_EQ(options->workers, 5U);
  EXPECT_EQ(options->max_guests, 7U);
  EXPECT_FALSE(options->debug);
}

TEST_F(OptionsTest, AFlagWithTheDefaultBeatsTheFileToo) {
  const auto options = read_file("{drain-timeout: 9s, workers: 3, log-dir: other}",
                                 {"--drain-timeout", "30s", "--workers", "0", "--log-dir", "log"});
  ASSERT_TRUE(options) << error(options);
  EXPECT_EQ(config::encode(*options), config::encode(Options{}));
}

TEST_F(OptionsTest, EveryTypeOfFlag) {
  ::setenv("EG_REQUIRE_STORE", "true", 1);
  const auto options = read({"--debug", "--durability", "process", "--retire-timeout", "1h5m",
                             "--initial-object-config-files", "a,b", "c", "--max-guests", "10000",
                             "--memory-budget", "512MiB"});
  ASSERT_TRUE(options) << error(options);
  EXPECT_TRUE(options->debug && options->require_store && !options->tls);
  EXPECT_EQ(options->durability, "process");
  EXPECT_EQ(options->retire_timeout, Duration(65min));
  EXPECT_THAT(options->initial_object_config_files, ElementsAre("a", "b", "c"));
  EXPECT_EQ(options->max_guests, 10000U);
  EXPECT_EQ(memory_budget(*options), std::uint64_t{512} << 20);
}

TEST_F(OptionsTest, LimitsHoldForFlagsVariablesAndFile) {
  EXPECT_THAT(error(read({"--workers", "1025"})), HasSubstr("--workers"));
  EXPECT_TRUE(read({"--workers", "1024"}));
  EXPECT_THAT(error(read({"--max-guests", "0"})), HasSubstr("--max-guests"));
  EXPECT_THAT(error(read({"--durability", "never"})), HasSubstr("--durability"));
  EXPECT_THAT(error(read({"--drain-timeout", "100"})), HasSubstr("\"100\" is no duration"));
  EXPECT_THAT(error(read({"--drain-timeout", "-1s"})), HasSubstr("drain-timeout"));
  EXPECT_THAT(error(read({"--memory-budget", "1KiB"})), HasSubstr("less than 16 MiB"));
  EXPECT_THAT(error(read_file("workers: 1025")), HasSubstr("workers"));
  ::setenv("EG_WORKERS", "many", 1);
  EXPECT_THAT(error(read({})), HasSubstr("many"));
}

TEST_F(OptionsTest, FaultsOfTheFileNameItAndTheField) {
  EXPECT_THAT(error(read_file("worker: 2")), testing::StartsWith(file_ + ": worker"));
  EXPECT_THAT(error(read_file("a: [")), testing::StartsWith(file_ + ": "));
  EXPECT_THAT(error(read({"--config-file", "/nowhere"})), HasSubstr("/nowhere cannot be read"));
  EXPECT_THAT(error(read({"--config-file", "/"})), HasSubstr("/ cannot be read"));
  const auto secret = read_file("api-tokens: {ci: [hidden]}");
  EXPECT_THAT(error(secret), HasSubstr("api-tokens"));
  EXPECT_THAT(error(secret), testing::Not(HasSubstr("hidden")));
}

// `--config-file <(command)` and `--config-file /dev/stdin`.
TEST_F(OptionsTest, TheFileMayBeAPipe) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  std::thread writer([this] { std::ofstream(file_) << "workers: 3"; });
  const auto options = read({"--config-file", file_});
  writer.join();
  ASSERT_TRUE(options) << error(options);
  EXPECT_EQ(options->workers, 3U);
  EXPECT_THAT(error(read({"--config-file", "/dev/zero"})), HasSubstr("is larger than"));
}

TEST_F(OptionsTest, SecretsAreForTheFileOnly) {
  for (const char* flag : {"--basic-auth", "--api-tokens", "--api-readers"})
    EXPECT_THAT(error(read({flag, "x"})), HasSubstr("unknown option"));
  EXPECT_EQ(error(read({"--clusterr-name", "x"})),
            "--clusterr-name: unknown option; did you mean --cluster-name?");
  ::setenv("EG_API_READERS", "x", 1);
  EXPECT_TRUE(read({})->api_readers.empty());
  const auto options = read_file("{basic-auth: {alice: apple}, api-tokens: {ci: cherry}}");
  ASSERT_TRUE(options) << error(options);
  EXPECT_EQ(options->basic_auth.at("alice"), "apple");
  const std::string shown = without_secrets(*options).dump();
  EXPECT_THAT(shown, HasSubstr("alice"));
  EXPECT_THAT(shown, testing::Not(testing::AnyOf(HasSubstr("apple"), HasSubstr("cherry"))));
}

TEST_F(OptionsTest, TlsAndItsFilesBelongTogether) {
  EXPECT_THAT(error(read({"--tls"})), HasSubstr("cert-file"));
  EXPECT_THAT(error(read({"--tls", "--cert-file", "c"})), HasSubstr("key-file: is needed"));
  EXPECT_TRUE(read({"--tls", "--cert-file", "c", "--key-file", "k"}));
  EXPECT_TRUE(read_file("tls: true", {"--cert-file", "c", "--key-file", "k"}));
  for (const char* flag : {"--cert-file", "--key-file", "--client-ca-file"})
    EXPECT_THAT(error(read({flag, "c"})), HasSubstr("tls: is off")) << flag;
}

TEST_F(OptionsTest, MemoryBudgetIsAShareUnlessItIsGiven) {
  Options options;
  EXPECT_EQ(memory_budget(options), std::max(available_memory() / 2, kMemoryBudgetMin));
  options.memory_budget = "16MiB";
  EXPECT_EQ(memory_budget(options), kMemoryBudgetMin);
}

TEST(OptionsUpdate, LiveOptionsComeIntoForceAndOthersWait) {
  Options running;
  running.basic_auth = {{"alice", "apple"}};
  Options read = running;
  read.basic_auth = {{"alice", "avocado"}};
  read.debug = true;
  read.workers = 7;
  read.name = "other";
  read.durability = "process";
  const auto made = update(running, read);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->changed, "basic-auth, debug");
  EXPECT_EQ(made->waiting, "durability, name, workers");
  Options expected = running;
  expected.basic_auth = read.basic_auth;
  expected.debug = true;
  EXPECT_EQ(config::encode(made->in_force), config::encode(expected));
}

TEST(OptionsUpdate, WhatIsTakenAwayIsAChange) {
  Options running;
  running.api_readers = {"bob"};
  running.log_dir = "elsewhere";
  const auto made = update(running, Options{});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->changed, "api-readers");
  EXPECT_EQ(made->waiting, "log-dir");
  EXPECT_TRUE(made->in_force.api_readers.empty());
  EXPECT_EQ(made->in_force.log_dir, "elsewhere");
}

TEST(OptionsUpdate, NothingChangedIsNothing) {
  const auto made = update(Options{}, Options{});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->changed + made->waiting, "");
}

// docs/operations.md promises that these options are live: the list is a contract with operators.
TEST(OptionsUpdate, TheseAreLive) {
  std::vector<std::string> live;
  for (const auto& [key, use] : entries()) {
    if (use.live) live.push_back(key);
  }
  EXPECT_THAT(live,
              testing::UnorderedElementsAre("api-readers", "api-tokens", "basic-auth", "cert-file",
                                            "client-ca-file", "debug", "drain-timeout", "key-file",
                                            "retire-timeout", "shutdown-delay", "tls"));
}

}  // namespace
}  // namespace sluice::server_program
