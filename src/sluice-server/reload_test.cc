// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/testing/process.h"

namespace sluice::server_program {
namespace {

using control::testing::Folder;
using testing::HasSubstr;

// The log so far. Another thread writes it in order: once the mark is there, all earlier lines are,
// too.
std::string written(const Logger& logger, const std::string& path) {
  static int marks = 0;
  const std::string mark = "mark " + std::to_string(++marks) + "\n";
  logger.error("mark " + std::to_string(marks));
  logger.flush();
  std::string text;
  EXPECT_TRUE(control::testing::eventually([&] {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    text = all.str();
    return text.ends_with(mark);
  }));
  return text;
}

class RecordingApi final : public admin::Api {
 public:
  [[nodiscard]] int port() const override { return 0; }
  [[nodiscard]] int descriptor() const override { return -1; }
  [[nodiscard]] net::CertificateEnds certificates() const override {
    return {{"cert-file of the API", "CN=api",
             std::chrono::sys_days(std::chrono::year(2031) / 3 / 14)}};
  }
  [[nodiscard]] Result<void> replace(admin::Options options) override {
    if (!refusal.empty()) return fail(ErrorKind::invalid, refusal);
    ++replaced;
    in_force = std::move(options);
    return {};
  }
  std::string refusal;
  int replaced = 0;
  admin::Options in_force;
};

class ReloadTest : public testing::Test {
 protected:
  ReloadTest() { ::unsetenv("EG_DEBUG"); }
  // Writes the configuration and reloads it. Returns the new lines of the log.
  std::string reload_with(const std::string& text) {
    std::ofstream(file_) << text;
    const std::string before = log();
    reload(in_force_, program_, logger_, api_, *process_);
    const std::string after = log();
    return after.substr(before.size(), after.rfind('\n', after.size() - 2) + 1 - before.size());
  }
  std::string log() { return written(logger_, log_file_); }

  const Folder folder_;
  const std::string file_ = folder_.path() + "/sluice.yaml";
  const std::string log_file_ = folder_.path() + "/log";
  const Program program_{"", {"sluice-server", "--config-file", file_}};
  const Logger logger_ = Logger::open(log_file_, false);
  RecordingApi api_;
  control::testing::Script script_;
  control::testing::Process process_{folder_.path() + "/data", script_};
  InForce in_force_;
  Options& options_ = in_force_.options;
};

TEST_F(ReloadTest, PutsInForceWhatMayChangeAndNamesTheRest) {
  const std::string said = reload_with("{basic-auth: {alice: apple}, workers: 3, debug: true}");
  EXPECT_THAT(said, HasSubstr("changed: basic-auth, debug"));
  EXPECT_THAT(said, HasSubstr("not in force before a restart: workers"));
  EXPECT_THAT(said, testing::Not(HasSubstr("apple")));
  EXPECT_EQ(options_.basic_auth.at("alice"), "apple");
  EXPECT_EQ(options_.workers, 0U);
  EXPECT_EQ(api_.in_force.credentials.users.at("alice"), "apple");
  EXPECT_EQ(api_.in_force.start_options["workers"], 0);
  EXPECT_EQ(logger_.level(), LogLevel::debug);
}

TEST_F(ReloadTest, ALevelOfTheAdminApiStaysUntilTheConfigurationHasAnother) {
  logger_.set_level(LogLevel::error);
  EXPECT_TRUE(reload_with("name: eg-default-name").empty()) << "information is not logged now";
  EXPECT_EQ(api_.replaced, 1) << "certificate files are read again";
  EXPECT_EQ(logger_.level(), LogLevel::error);
  (void)reload_with("debug: true");
  EXPECT_EQ(logger_.level(), LogLevel::debug);
  (void)reload_with("debug: false");
  EXPECT_EQ(logger_.level(), LogLevel::info);
}

TEST_F(ReloadTest, TellsOfTheCertificatesOfTheAdminApi) {
  (void)reload_with("debug: false");
  ASSERT_EQ(process_->certificates().size(), 1U);
  EXPECT_EQ(process_->certificates()[0].place, "cert-file of the API");
}

TEST_F(ReloadTest, ReadsTheFilesForEtcdAgain) {
  const std::string file = folder_.path() + "/password";
  std::ofstream(file) << "one\n";
  ClusterOptions& cluster = options_.cluster;
  cluster.store = "etcd";
  cluster.etcd_endpoints = {"localhost:2379"};
  cluster.etcd_user = "shop";
  cluster.etcd_password_file = file;
  in_force_.tls = read_member_tls(cluster).value();
  const RenewableText held = in_force_.tls.etcd_password;  // as the store has it
  std::ofstream(file) << "two\n";
  EXPECT_THAT(reload_with("debug: false"), HasSubstr("configuration read again"));
  EXPECT_EQ(held.text(), "two");
  std::ofstream(file, std::ios::trunc).close();
  EXPECT_THAT(reload_with("debug: true"), HasSubstr("stays as it is: etcd-password-file: "));
  EXPECT_EQ(held.text(), "two");
  EXPECT_FALSE(options_.debug);
}

TEST_F(ReloadTest, AFaultChangesNothing) {
  for (const char* text : {"debug: perhaps", "{debug: true, worker: 1}", "a: ["}) {
    EXPECT_THAT(reload_with(text), HasSubstr("configuration stays as it is: ")) << text;
    EXPECT_EQ(config::encode(options_), config::encode(Options{}));
  }
  EXPECT_EQ(api_.replaced, 0);
  api_.refusal = "no such certificate";
  const std::string said = reload_with("debug: true");
  EXPECT_THAT(said, HasSubstr("stays as it is: no such certificate"));
  EXPECT_FALSE(options_.debug);
  EXPECT_EQ(logger_.level(), LogLevel::info);
}

TEST(AdminOptions, AreWhatTheOptionsSay) {
  Options options;
  options.api_addr = "localhost:1";
  options.name = "me";
  options.home_dir = "/home";
  options.cert_file = "c";
  options.key_file = "k";
  options.client_ca_file = "a";
  options.api_tokens = {{"ci", "cherry"}};
  options.api_readers = {"ci"};
  auto made = admin_options(options);
  EXPECT_EQ(made.address + made.member_name, "localhost:1me");
  EXPECT_EQ(made.log_file, "/home/log/stdout.log");
  EXPECT_FALSE(made.tls) << "it is off";
  EXPECT_FALSE(made.credentials.certificate);
  EXPECT_EQ(made.credentials.tokens, options.api_tokens);
  EXPECT_EQ(made.credentials.readers, options.api_readers);
  EXPECT_THAT(made.start_options.dump(), testing::Not(HasSubstr("cherry")));
  options.tls = true;
  options.log_dir = "";
  made = admin_options(options);
  ASSERT_TRUE(made.tls);
  EXPECT_EQ(made.tls->certificate + made.tls->key + made.tls->client_ca, "cka");
  EXPECT_TRUE(made.credentials.certificate);
  EXPECT_EQ(made.log_file, "");
}

TEST(ReopenLogs, FollowsAFileThatWasMovedAway) {
  const Folder folder;
  const std::string path = folder.path() + "/log";
  const Logger logger = Logger::open(path, false);
  logger.info("before");
  EXPECT_THAT(written(logger, path), HasSubstr("before"));
  std::filesystem::rename(path, path + ".1");
  reopen_logs(logger, nullptr);
  logger.info("after");
  const std::string text = written(logger, path);
  EXPECT_THAT(text, HasSubstr("after"));
  EXPECT_THAT(text, testing::Not(HasSubstr("before")));
}

}  // namespace
}  // namespace sluice::server_program
