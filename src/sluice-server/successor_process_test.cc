// SPDX-License-Identifier: Apache-2.0
// Both sides of a hot restart, in two real processes: this program starts itself as the successor.
#include "sluice-server/successor_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "config/encoder.h"
#include "control/testing/process.h"
#include "sluice-server/predecessor_process.h"

namespace sluice::server_program {
namespace {

using control::testing::Folder;
using testing::HasSubstr;

// The successor. argv[1] is its role, argv[2] a file for its report.
int follow(const std::string& role, const std::string& report) {
  if (role == "end") return 1;
  sigset_t end{};  // blocked before the first thread, for sigwait() below
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const auto predecessor = PredecessorProcess::find();
  if (!predecessor) return 2;
  if (role == "silence") ::pause();
  if (role == "error") {
    predecessor->give_up("the port of the admin API is taken");
    return 1;
  }
  const auto estate = predecessor->take_sockets();
  if (!estate) return 3;
  if (role == "refuse") {
    predecessor->give_up("Pipeline p would not run");
    return 1;
  }
  const auto known = predecessor->take_store();
  if (!known) return 4;
  if (role == "fail") {
    predecessor->give_up("the store is damaged");
    return 1;
  }
  Json ports = Json::array();
  for (const auto& port : estate->ports)
    ports.push_back({port.address, port.port, port.listeners.size()});
  std::ofstream(report) << Json{
      {"ports", ports},
      {"admin", estate->admin ? estate->admin->port() : 0},
      {"adminAddress", estate->admin_address},
      {"data", estate->data_dir},
      {"store", estate->store},
      {"objects", estate->objects},
      {"known", config::Encoder::of(
                    *known)}}.dump();
  server::Workers workers(1, std::size_t{16} << 20, nullptr, Logger());
  workers.start();
  predecessor->serving(workers);
  // Waits for the request to stop, as sluice-server does.
  int signal = 0;
  ::sigwait(&end, &signal);
  predecessor->stop();
  workers.stop();
  return 0;
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

class HotRestartTest : public ::testing::Test {
 protected:
  Result<SuccessorProcess> start(
      const std::string& role, const std::function<bool()>& given_up = [] { return false; }) {
    const Program program{"/proc/self/exe", {"successor", role, report_}};
    return SuccessorProcess::start(program, program.path, given_up);
  }
  SuccessorProcess::Estate estate() {
    SuccessorProcess::Estate estate{.ports = {},
                                    .admin = admin_.descriptor(),
                                    .admin_address = "localhost:2381",
                                    .data_dir = "/data",
                                    .store = "embedded",
                                    .objects = Json::array({{{"spec", {{"name", "p"}}}}})};
    estate.ports.push_back({"127.0.0.1", 81, {admin_.descriptor(), admin_.descriptor()}});
    // More descriptors than a message holds.
    estate.ports.push_back(
        {"", 80,
         std::vector<int>(net::DescriptorChannel::kDescriptorsMax + 1, admin_.descriptor())});
    return estate;
  }
  [[nodiscard]] Json report() const {
    std::ostringstream text;
    text << std::ifstream(report_).rdbuf();
    return Json::parse(text.str(), nullptr, false);
  }

  static constexpr auto kNever = [] { return false; };
  const Folder folder_;
  const std::string report_ = folder_.path() + "/report";
  net::Listener admin_ = net::Listener::open("127.0.0.1", 0).value();
};

TEST_F(HotRestartTest, EverythingReachesTheSuccessor) {
  auto successor = start("serve");
  ASSERT_TRUE(successor) << successor.error().message;
  EXPECT_NE(successor->pid(), ::getpid());
  const auto given = successor->give_sockets(estate(), kNever);
  ASSERT_TRUE(given) << given.error().message;
  std::optional<bool> looked_before;
  const Json knowledge{{"s", {{"tickets", "k\x80"}}}};
  const auto serves = successor->give_store(knowledge, [&] {
    if (!looked_before) looked_before = !std::filesystem::exists(report_);
  });
  ASSERT_TRUE(serves) << serves.error().message;
  EXPECT_EQ(looked_before, true);
  const Json got = report();
  EXPECT_EQ(got["ports"], Json::parse(R"([["127.0.0.1", 81, 2], ["", 80, 201]])"));
  EXPECT_EQ(got["admin"], admin_.port());
  EXPECT_EQ(got["adminAddress"], "localhost:2381");
  EXPECT_EQ(got["data"], "/data");
  EXPECT_EQ(got["store"], "embedded");
  EXPECT_EQ(got["objects"], estate().objects);
  EXPECT_THAT(got["known"]["s"]["tickets"].get<std::string>(), testing::StartsWith("k"));
  successor->ask_to_stop();
  int status = -1;
  ASSERT_EQ(::waitpid(successor->pid(), &status, 0), successor->pid());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(HotRestartTest, ASuccessorThatBuildsNothingGetsNoObjects) {
  auto successor = start("serve");
  ASSERT_TRUE(successor) << successor.error().message;
  auto bare = estate();
  bare.objects = nullptr;
  bare.ports.clear();
  ASSERT_TRUE(successor->give_sockets(bare, kNever));
  ASSERT_TRUE(successor->give_store(Json(), [] {}));
  EXPECT_TRUE(report()["objects"].is_null());
  EXPECT_TRUE(report()["known"].is_null());
  successor->end();
  EXPECT_TRUE(is_gone(successor->pid()));
}

TEST_F(HotRestartTest, AProgramThatIsNotThereIsNamed) {
  const Program program{"/nowhere/sluice-server", {"sluice-server"}};
  const auto successor = SuccessorProcess::start(program, program.path, kNever);
  ASSERT_FALSE(successor);
  EXPECT_THAT(successor.error().message, HasSubstr("/nowhere/sluice-server cannot be started"));
}

TEST_F(HotRestartTest, ASuccessorThatIsNotReadySaysWhy) {
  EXPECT_EQ(start("error").error().message, "the port of the admin API is taken");
  EXPECT_THAT(start("end").error().message, HasSubstr("it has ended"));
}

TEST_F(HotRestartTest, ASuccessorThatDoesNotAgreeHasEnded) {
  auto successor = start("refuse");
  ASSERT_TRUE(successor) << successor.error().message;
  const auto given = successor->give_sockets(estate(), kNever);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().message, "Pipeline p would not run");
  EXPECT_TRUE(is_gone(successor->pid()));
}

TEST_F(HotRestartTest, ASuccessorThatFailsAfterTheStoreIsGivenHasEnded) {
  auto successor = start("fail");
  ASSERT_TRUE(successor) << successor.error().message;
  ASSERT_TRUE(successor->give_sockets(estate(), kNever));
  const auto serves = successor->give_store(Json::object(), [] {});
  ASSERT_FALSE(serves);
  EXPECT_EQ(serves.error().message, "the store is damaged");
  EXPECT_TRUE(is_gone(successor->pid()));
}

TEST_F(HotRestartTest, ARequestToStopEndsTheWait) {
  int asked = 0;
  const auto successor = start("silence", [&asked] { return ++asked == 3; });
  ASSERT_FALSE(successor);
  EXPECT_THAT(successor.error().message, HasSubstr("it is asked to stop"));
  EXPECT_EQ(asked, 3);
}

TEST(Predecessor, IsFoundOnlyWhereOneHasStartedThisProcess) {
  ::unsetenv("SLUICE_PREDECESSOR");
  EXPECT_EQ(PredecessorProcess::find(), nullptr);
  for (const char* value : {"", "x", "-1", "9999"}) {
    ::setenv("SLUICE_PREDECESSOR", value, 1);
    EXPECT_EQ(PredecessorProcess::find(), nullptr) << value;
    EXPECT_EQ(std::getenv("SLUICE_PREDECESSOR"), nullptr) << "it is for no child of ours";
  }
}

TEST(Predecessor, ThatChangesItsMindEndsTheWait) {
  auto ends = net::DescriptorChannel::make_pair();
  ASSERT_TRUE(ends);
  ::setenv("SLUICE_PREDECESSOR", std::to_string(ends->second.release()).c_str(), 1);
  const auto predecessor = PredecessorProcess::find();
  ASSERT_NE(predecessor, nullptr);
  ends->first = Descriptor();
  const auto estate = predecessor->take_sockets();
  ASSERT_FALSE(estate);
  EXPECT_EQ(estate.error().kind, ErrorKind::closed);
}

TEST(Program, NamesItsFileAndArguments) {
  std::string name = "sluice-server";
  std::string flag = "--debug";
  std::array<char*, 2> arguments{name.data(), flag.data()};
  const Program program = Program::of(2, arguments.data());
  EXPECT_TRUE(program.path.starts_with('/')) << program.path;
  EXPECT_THAT(program.arguments, testing::ElementsAre(name, flag));
}

}  // namespace
}  // namespace sluice::server_program

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[0]) == "successor")
    return sluice::server_program::follow(argv[1], argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
