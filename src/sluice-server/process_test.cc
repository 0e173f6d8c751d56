// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <fstream>

#include "control/testing/process.h"

namespace sluice::server_program {
namespace {

using control::testing::Folder;
using testing::HasSubstr;

TEST(MakeFolder, MakesAllOfItOrNamesIt) {
  const Folder folder;
  const std::string deep = folder.path() + "/a/b/c";
  EXPECT_TRUE(make_folder(deep));
  EXPECT_TRUE(make_folder(deep)) << "it is there";
  EXPECT_TRUE(std::filesystem::is_directory(deep));
  std::ofstream(folder.path() + "/file") << "x";
  const auto refused = make_folder(folder.path() + "/file/below");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(folder.path() + "/file/below"));
}

TEST(PidFile, NamesThisProcessAsLongAsItLives) {
  const Folder folder;
  const std::string path = folder.path() + "/sluice.pid";
  EXPECT_EQ(read_pid(path), 0);
  {
    const auto file = PidFile::write(path);
    ASSERT_TRUE(file);
    EXPECT_EQ(read_pid(path), ::getpid());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PidFile, OfTheProcessThatFollowsStays) {
  const Folder folder;
  const std::string path = folder.path() + "/sluice.pid";
  {
    const auto file = PidFile::write(path);
    std::ofstream(path) << ::getpid() + 1;
  }
  EXPECT_EQ(read_pid(path), ::getpid() + 1);
  std::ofstream(path) << "no number";
  EXPECT_EQ(read_pid(path), 0);
}

TEST(PidFile, ThatCannotBeWrittenIsNamed) {
  const auto file = PidFile::write("/nowhere/sluice.pid");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("/nowhere/sluice.pid cannot be written"));
}

// Restores signal masks and handlers.
class SignalsTest : public testing::Test {
 protected:
  SignalsTest() { pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  ~SignalsTest() override {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
  }
  sigset_t before_{};
};

TEST_F(SignalsTest, AProcessWaitsForTheSignalsThatItsThreadsBlock) {
  EXPECT_FALSE(waits_for(::getpid(), SIGUSR2));
  const Signals signals;
  EXPECT_TRUE(waits_for(::getpid(), SIGUSR2));
  EXPECT_FALSE(waits_for(::getpid(), SIGUSR1));
  EXPECT_FALSE(waits_for(0, SIGUSR2)) << "no process";
}

TEST_F(SignalsTest, ComeOneByOne) {
  const Signals signals;
  EXPECT_EQ(signals.poll(), 0);
  std::raise(SIGHUP);
  EXPECT_FALSE(signals.end_is_asked());
  EXPECT_EQ(signals.poll(), SIGHUP);
  EXPECT_EQ(signals.poll(), 0);
  std::raise(SIGUSR2);
  EXPECT_EQ(signals.wait(), SIGUSR2);
  for (const int end : {SIGTERM, SIGINT}) {
    std::raise(end);
    EXPECT_TRUE(signals.end_is_asked());
    EXPECT_TRUE(signals.end_is_asked()) << "it goes on to wait";
    EXPECT_EQ(signals.wait(), end);
    EXPECT_FALSE(signals.end_is_asked());
  }
}

TEST(SignalsDeathTest, TheSecondRequestToStopEndsTheProcessAtOnce) {
  for (const int end : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          Signals().second_one_kills(true);
          std::raise(end);
          std::_Exit(0);
        },
        testing::ExitedWithCode(255), "");
  }
}

TEST(SignalsDeathTest, TheFirstRequestToStopMayComeLater) {
  const auto ends_at = [](int requests) {
    for (const int end : {SIGTERM, SIGINT}) {
      EXPECT_EXIT(
          {
            const Signals signals;
            std::raise(end);  // pending until now
            signals.second_one_kills(false);
            for (int i = 1; i < requests; ++i) std::raise(end);
            std::_Exit(7);
          },
          testing::ExitedWithCode(requests > 1 ? 255 : 7), "");
    }
  };
  ends_at(1);
  ends_at(2);
}

TEST(SignalsDeathTest, ARequestThatIsHandedOnIsNoSecondOne) {
  EXPECT_EXIT(
      {
        Signals().second_one_kills(true);
        ::sigqueue(::getpid(), SIGTERM, sigval{});
        std::_Exit(7);
      },
      testing::ExitedWithCode(7), "");
}

// Receives through a socket like that of systemd. `name` begins with '@' if it is abstract.
std::string received(const std::string& name) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  name.copy(where.sun_path, sizeof where.sun_path - 1);
  if (name[0] == '@') where.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&where),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
            0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  notify_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  std::array<char, 64> buffer{};
  const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
  ::close(socket);
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

TEST(NotifyServiceManager, SendsTheStateToTheSocketOfTheEnvironment) {
  const Folder folder;
  EXPECT_EQ(received(folder.path() + "/notify"), "READY=1");
  EXPECT_EQ(received("@sluice_process_test_" + std::to_string(::getpid())), "READY=1");
  notify_service_manager("READY=1");  // without a service manager the call does nothing
  ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  notify_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(RaiseFileLimit, ToWhatTheSystemAllows) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(raise_file_limit(), limit.rlim_max);
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(ScarceDescriptors, AreThoseThatConnectionsUseUp) {
  EXPECT_EQ(scarce_descriptors(1025, 1024), "");
  EXPECT_EQ(scarce_descriptors(1024, 1024).substr(0, 40),
            "1024 file descriptors are fewer than a s");
}

}  // namespace
}  // namespace sluice::server_program
